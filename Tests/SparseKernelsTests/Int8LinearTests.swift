import Levels
import Tensors
import Testing
import Transformers

@testable import SparseKernels

/// Products in whole numbers of 8 bits.
@Suite struct Int8LinearTests {
    private static let sets = InstructionSet.allCases.filter(\.isAvailable)
    private static let shapes = [(1, 1, 1), (5, 7, 3), (16, 64, 16), (33, 97, 65), (130, 384, 129)]

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextUniform() - 0.5) })
    }

    private func pruned(_ level: Level, _ rows: Int, _ columns: Int) -> Matrix {
        var weight = random(rows, columns, seed: 3)
        var random = CounterBasedRandom(seed: 4)
        weight.scatterZeros(level, using: &random)
        return weight
    }

    private func output(_ layer: any LinearOperator, _ input: Matrix, parts: Int = 1) -> Matrix {
        let output = PanelMatrix(features: layer.rows, tokens: input.columns)
        let panels = PanelMatrix(input)
        for part in 0..<parts { layer.apply(panels, into: output, part: part, of: parts) }
        return output.matrix
    }

    /// Whole numbers and one order of floating point operations: every kernel gives the bits of the plain one,
    /// however the rows are shared out.
    @Test(arguments: ["int8", "16x1@0.5:int8", "8x1@0.7:int8", "4x1@0.9:int8"], shapes)
    func allInstructionSetsMakeTheSameBits(_ text: String, _ shape: (Int, Int, Int)) throws {
        let level = try #require(Level(text))
        let (rows, columns, tokens) = shape
        let weight = pruned(level, rows, columns)
        let bias = (0..<rows).map { 0.01 * Float($0) }
        let input = random(columns, tokens, seed: 5)
        func layer(_ set: InstructionSet) -> any LinearOperator {
            Int8Format().pack(level, weight: weight, bias: bias, for: .prefill, on: set)
        }
        let expected = output(layer(.scalar), input)
        for set in Self.sets {
            for parts in [1, 3] {
                #expect(output(layer(set), input, parts: parts) == expected, "\(set) in \(parts)")
            }
        }
    }

    /// Of the exact product no output is further than the steps of weights and activations allow.
    @Test(arguments: ["int8", "16x1@0.5:int8"]) func staysWithinItsSteps(_ text: String) throws {
        let level = try #require(Level(text))
        let weight = pruned(level, 64, 256)
        let input = random(256, 40, seed: 6)
        let bias = [Float](repeating: 0.5, count: 64)
        let exact = output(DenseLinear(weight: weight, bias: bias), input)
        let found = output(
            Int8Format().pack(level, weight: weight, bias: bias, for: .prefill, on: .best), input)
        // A step is 1/127 of 0.5 at most, half of it is lost, of 256 products of numbers up to 0.5 each.
        let bound = Float(256 * 2) * 0.5 * 0.5 / 254
        let worst = zip(exact.elements, found.elements).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(worst < bound / 4, "rounding errors do not all have one sign")
        #expect(worst > 0)
    }

    /// What would not fit in 16 bits, or in the 31 bits of a careless sum.
    @Test func sumsDoNotSaturate() {
        let weight = Matrix(rows: 2, columns: 4096, elements: [Float](repeating: 1, count: 8192))
        let input = Matrix(rows: 4096, columns: 17, elements: [Float](repeating: -2, count: 4096 * 17))
        for set in Self.sets {
            let layer = Int8Linear(weight: weight, bias: [0, 1], instructionSet: set)
            let found = output(layer, input)
            #expect(found.elements.prefix(17).allSatisfy { abs($0 + 8192) < 0.01 }, "\(set)")
            #expect(found.elements.suffix(17).allSatisfy { abs($0 + 8191) < 0.01 }, "\(set)")
        }
    }

    /// A row of zeros gives its bias; one huge weight leaves the other rows alone; a token with an outlier
    /// leaves the other tokens alone.
    @Test func outliersStayWhereTheyAre() {
        var weight = random(3, 64, seed: 7)
        for column in 0..<64 { weight[0, column] = 0 }
        weight[1, 5] = 1e6
        var input = random(64, 2, seed: 8)
        let calm = input
        input[9, 1] = 1000
        let layer = Int8Linear(weight: weight, bias: [0.25, 0, 0])
        let (found, expected) = (output(layer, input), output(layer, calm))
        #expect(found[0, 0] == 0.25 && found[0, 1] == 0.25)
        #expect(found[2, 0] == expected[2, 0])
        #expect(abs(found[2, 0] - output(DenseLinear(weight: weight, bias: [0, 0, 0]), input)[2, 0]) < 0.05)
    }

    @Test(arguments: [Float.nan, .infinity]) func whatIsNoNumberIsNotHidden(_ value: Float) {
        var input = random(64, 3, seed: 9)
        input[4, 1] = value
        let found = output(
            Int8Linear(weight: random(8, 64, seed: 10), bias: [Float](repeating: 0, count: 8)), input)
        #expect((0..<8).allSatisfy { found[$0, 1].isNaN })
        #expect((0..<8).allSatisfy { found[$0, 0].isFinite && found[$0, 2].isFinite })
    }

    /// A weight on a grid is packed without another rounding, whatever its scale was.
    @Test(arguments: [false, true]) func aWeightOnAGridComesBackExactly(cutOff: Bool) {
        let weight = random(9, 50, seed: 11)
        var rounded = WeightGrid.int8.nearest(to: weight)
        // The largest is no longer 127 steps.
        if cutOff {
            for row in 0..<9 {
                let largest = (0..<50).max { abs(rounded[row, $0]) < abs(rounded[row, $1]) } ?? 0
                rounded[row, largest] = 0
            }
        }
        let integers = IntegerRows(rounded)
        for row in 0..<9 {
            for column in 0..<50 {
                #expect(
                    Float(integers.values[row * 50 + column]) * integers.scales[row] == rounded[row, column])
            }
        }
    }

    @Test func sizesAreWhatTheFormatSays() throws {
        for text in ["int8", "4x1@0.5:int8", "16x1@0.75:int8"] {
            let level = try #require(Level(text))
            var weight = Matrix(rows: 64, columns: 64, elements: [Float](repeating: 1, count: 4096))
            if let unit = level.pattern.unit {
                for row in 0..<64 {
                    for column in 0..<Int(64 * level.sparsity) where unit.rows > 0 { weight[row, column] = 0 }
                }
            }
            let packed = Int8Format().pack(
                level, weight: weight, bias: [Float](repeating: 0, count: 64), for: .prefill, on: .best)
            #expect(packed.sizeBytes == Int8Format().sizeBytes(level, rows: 64, columns: 64, for: .prefill))
        }
    }
}
