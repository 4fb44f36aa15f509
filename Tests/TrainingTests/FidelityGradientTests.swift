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

    @Test func theGradientOfFidelityAgreesWithCentralDifferences() {
        let (own, teacher) = (Self.embeddings(1), Self.embeddings(2))
        let value = Losses.fidelity(own, teacher: teacher)
        let step: Float = 1e-2
        for row in 0..<7 {
            for column in 0..<5 {
                var (more, less) = (own, own)
                more[row, column] += step
                less[row, column] -= step
                let difference =
                    (Losses.fidelity(more, teacher: teacher).loss
                        - Losses.fidelity(less, teacher: teacher).loss) / Double(2 * step)
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

    /// Near the teacher, 1 − r is half the mean square of what random projections change.
    @Test func projectionsGiveTheCurvature() {
        let teacher = Self.embeddings(1)
        var random = CounterBasedRandom(seed: 9)
        var near = teacher
        for index in near.elements.indices { near.elements[index] += 0.01 * Float(random.nextNormal()) }
        let change = zip(near.elements, teacher.elements).map { $0 - $1 }
        let count = 20_000
        let squares = (0..<count).reduce(0.0) { sum, _ in
            let gradient = Losses.fidelityProjection(teacher, random: &random)
            let slope = zip(gradient.elements, change).reduce(0.0) { $0 + Double($1.0 * $1.1) }
            return sum + slope * slope
        }
        let loss = Losses.fidelity(near, teacher: teacher).loss
        #expect(abs(0.5 * squares / Double(count) / loss - 1) < 0.1)
    }
}
