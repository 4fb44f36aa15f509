import Levels
import SparseKernels
import Tensors
import Testing

@testable import Pruning

@Suite struct SelectionTests {
    @Test func lowestScoresAreThoseOfASort() {
        var random = CounterBasedRandom(seed: 3)
        for count in [1, 2, 17, 1000] {
            // Few distinct values, so that there are many ties, and both signs.
            let scores = (0..<count).map { _ in Float(Int(random.next() % 41)) - 20 }
            for target in [0, 1, count / 2, count] {
                let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(target)
                var expected = [Bool](repeating: false, count: count)
                for index in order { expected[index] = true }
                #expect(LowestScores.mark(target, of: scores) == expected)
            }
        }
    }

    @Test func zeroHasNoSign() {
        #expect(LowestScores.mark(1, of: [0, -0.0, 1]) == [true, false, false])
    }

    @Test func cubicScheduleIsThePapers() {
        let schedule = CubicSchedule(final: 0.8, warmUp: 0.1, coolDown: 0.3)
        #expect(schedule.sparsity(at: 0.1) == 0)
        #expect(abs(schedule.sparsity(at: 0.4) - 0.8 * 0.875) < 1e-12)
        #expect(schedule.sparsity(at: 0.7) == 0.8 && schedule.sparsity(at: 1) == 0.8)
    }

    @Test func roundsDropTheSameFractionOfWhatIsLeft() {
        let left = (0...4).map { 1 - PruningSchedule.sparsity(afterRound: $0, of: 4, final: 0.9) }
        for round in 1...4 { #expect(abs(left[round] / left[round - 1] - left[1]) < 1e-12) }
        #expect(abs(left[4] - 0.1) < 1e-12)
    }

    @Test func patternsAreReadAsTheyAreWritten() {
        for text in ["dense", "unstructured", "4x1", "8x2", "2:4", "1:8", "heads", "neurons", "block"] {
            #expect(Pattern(text)?.description == text)
        }
        for text in ["", "4x", "x4", "4:4", "5:4", "0x1", "1000x1", "2:4:8"] {
            #expect(Pattern(text) == nil, "\(text)")
        }
    }

    @Test func removedColumnsAreMadeUpFor() throws {
        var random = CounterBasedRandom(seed: 9)
        let inputs = Matrix(
            rows: 200, columns: 8, elements: (0..<1600).map { _ in Float(random.nextNormal()) })
        // Column 7 is column 0 again: nothing is lost when it goes.
        var doubled = inputs
        for row in 0..<200 { doubled[row, 7] = doubled[row, 0] }
        var covariance = InputCovariance(columns: 8)
        covariance.add(rows: doubled, pool: ThreadPool())
        let weight = Matrix(rows: 3, columns: 8, elements: (0..<24).map { _ in Float(random.nextNormal()) })
        let refitted = try ColumnRemoval.refitted(
            weight, keeping: Array(0..<7), covariance: covariance, layer: "layer")
        for row in 0..<3 {
            #expect(refitted[row, 7] == 0)
            #expect(abs(refitted[row, 0] - (weight[row, 0] + weight[row, 7])) < 0.05)
        }
    }
}
