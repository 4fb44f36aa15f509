import Evaluation
import Tensors
import Testing

@Suite struct SpaceKeptTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextUniform() - 0.5) })
    }

    @Test func theDenseModelKeepsAll() {
        let dense = random(40, 16, seed: 1)
        let space = SpaceKept(dense, dense: dense)
        #expect(abs(space.meanCosine - 1) < 1e-6 && space.neighboursFound == 1)
    }

    /// Lengths are no part of the space.
    @Test func lengthsDoNotCount() {
        let dense = random(30, 8, seed: 2)
        let space = SpaceKept(dense.scaled(by: 3), dense: dense)
        #expect(abs(space.meanCosine - 1) < 1e-6 && space.neighboursFound == 1)
    }

    /// Similarities among themselves stay when all embeddings turn together, but a dense index is of no use then.
    @Test func aTurnedSpaceIsLost() {
        let dense = random(60, 16, seed: 3)
        var turned = dense
        for row in 0..<60 { for column in 0..<16 { turned[row, column] = dense[row, (column + 5) % 16] } }
        let space = SpaceKept(turned, dense: dense)
        #expect(space.meanCosine < 0.3 && space.neighboursFound < 0.4)
        #expect(FidelityTask(sequences: dense.rowsAsSequences, denseEmbeddings: dense).score(turned) > 0.9999)
    }

    /// With a weight of the space, turned embeddings are worth less, in parts of the sentences too.
    @Test func aWeightOfTheSpaceTellsTurnedEmbeddings() throws {
        let dense = random(60, 16, seed: 3)
        var turned = dense
        for row in 0..<60 { for column in 0..<16 { turned[row, column] = dense[row, (column + 5) % 16] } }
        let space = SpaceKept(turned, dense: dense)
        let task = FidelityTask(
            sequences: dense.rowsAsSequences, denseEmbeddings: dense, spaceWeight: 0.5)
        #expect(abs(task.score(turned) - (1 + 0.5 * space.meanCosine) / 1.5) < 1e-4)
        #expect(abs(try #require(space.agreement) - 1) < 1e-4)
        let (items, all) = (Array(0..<20), Array(0..<60))
        #expect(task.part(sentences: items).score(turned.selectingRows(items)) < 0.8)
        #expect(task.part(sentences: all).score(turned) == task.score(turned))
    }

    @Test func neighboursAreThoseOfTheDenseModel() {
        // Of fewer texts than ten, all others are neighbours, whatever is embedded.
        let few = SpaceKept(random(6, 4, seed: 4), dense: random(6, 4, seed: 5))
        #expect(few.neighboursFound == 1)
        let alone = SpaceKept(random(1, 4, seed: 4), dense: random(1, 4, seed: 4))
        #expect(alone.neighboursFound == 1 && abs(alone.meanCosine - 1) < 1e-6)
        // Two groups of eleven: what moves to the other group loses all of its ten.
        var dense = Matrix(rows: 22, columns: 2)
        for text in 0..<22 {
            dense[text, text / 11] = 1
            dense[text, 1 - text / 11] = 0.01 * Float(text % 11)
        }
        var moved = dense
        (moved[0, 0], moved[0, 1]) = (0, 1)
        let space = SpaceKept(moved, dense: dense)
        #expect(abs(space.neighboursFound - 21.0 / 22) < 1e-9)
        #expect(space.meanCosine < 1 - 0.9 / 22)
    }
}

extension Matrix {
    /// As many sequences as there are rows.
    fileprivate var rowsAsSequences: [[Int32]] { (0..<rows).map { [Int32($0)] } }
}
