import Evaluation
import Tensors
import Testing

@testable import Training

@Suite struct FidelityGradientTests {
    private static func embeddings(_ seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        var matrix = Matrix(rows: 7, columns: 5)
        for row in 0..<7 {
            let values = (0..<5).map { _ in Float(random.nextNormal()) }
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for column in 0..<5 { matrix[row, column] = values[column] / norm }
        }
        return matrix
    }

    @Test(arguments: [0, 0.5, 2]) func theGradientOfFidelityAgreesWithCentralDifferences(space: Double) {
        let (own, teacher) = (Self.embeddings(1), Self.embeddings(2))
        let value = Losses.fidelity(own, teacher: teacher, spaceWeight: space)
        let step: Float = 1e-2
        for row in 0..<7 {
            for column in 0..<5 {
                var (more, less) = (own, own)
                more[row, column] += step
                less[row, column] -= step
                let difference =
                    (Losses.fidelity(more, teacher: teacher, spaceWeight: space).loss
                        - Losses.fidelity(less, teacher: teacher, spaceWeight: space).loss) / Double(2 * step)
                #expect(abs(difference - Double(value.gradient[row, column])) < 1e-3)
            }
        }
    }

    @Test func theTeacherItselfHasNoLossAndNoSlope() {
        let own = Self.embeddings(1)
        let value = Losses.fidelity(own, teacher: own)
        #expect(abs(value.loss) < 1e-6)
        #expect(value.gradient.elements.allSatisfy { abs($0) < 1e-5 })
    }

    /// The loss that gradients are of is 1 less the score that rewards are made of.
    @Test(arguments: [0, 0.5, 2]) func theLossIsThatOfTheReward(space: Double) {
        let (own, teacher) = (Self.embeddings(1), Self.embeddings(2))
        let task = FidelityTask(
            sequences: (0..<7).map { [Int32($0)] }, denseEmbeddings: teacher, spaceWeight: space)
        let loss = Losses.fidelity(own, teacher: teacher, spaceWeight: space).loss
        #expect(abs(loss - (1 - task.score(own))) < 1e-5)
        #expect(abs(task.score(teacher) - 1) < 1e-6)
    }

    /// Near the teacher, 1 − r is half the mean square of what random projections change; so is the loss of space, of
    /// embeddings that keep their length.
    @Test(arguments: [0, 0.5, 4]) func projectionsGiveTheCurvature(space: Double) {
        let teacher = Self.embeddings(1)
        var random = CounterBasedRandom(seed: 9)
        var near = teacher
        for index in near.elements.indices { near.elements[index] += 0.01 * Float(random.nextNormal()) }
        if space > 0 { near = near.normalizingRows }
        let change = zip(near.elements, teacher.elements).map { $0 - $1 }
        let count = 20_000
        let squares = (0..<count).reduce(0.0) { sum, _ in
            let gradient = Losses.fidelityProjection(teacher, spaceWeight: space, random: &random)
            let slope = zip(gradient.elements, change).reduce(0.0) { $0 + Double($1.0 * $1.1) }
            return sum + slope * slope
        }
        let loss = Losses.fidelity(near, teacher: teacher, spaceWeight: space).loss
        #expect(abs(0.5 * squares / Double(count) / loss - 1) < 0.1)
    }
}
