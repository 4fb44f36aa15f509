import Levels
import Tensors
import Testing
import Transformers

@testable import SparseKernels

/// Products in bfloat16.
@Suite struct BFloat16LinearTests {
    private static let sets = InstructionSet.allCases.filter(\.isAvailable)
    private static let shapes = [(1, 1, 1), (5, 7, 3), (16, 64, 16), (33, 97, 65), (130, 384, 129)]
    private static let level = Level.dense.with(.bfloat16)

    private func random(_ rows: Int, _ columns: Int, seed: UInt64, times factor: Float = 1) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in factor * Float(random.nextUniform() - 0.5) })
    }

    private func output(_ layer: any LinearOperator, _ input: Matrix, parts: Int = 1) -> Matrix {
        let output = PanelMatrix(features: layer.rows, tokens: input.columns)
        let panels = PanelMatrix(input)
        for part in 0..<parts { layer.apply(panels, into: output, part: part, of: parts) }
        return output.matrix
    }

    /// The product of rounded numbers, exactly, and the sum of the magnitudes of its terms.
    private func exact(
        _ weight: Matrix, _ bias: [Float], _ input: Matrix, _ row: Int, _ token: Int
    ) -> (sum: Double, magnitude: Double) {
        var (sum, magnitude) = (Double(bias[row]), Double(bias[row].magnitude))
        for column in 0..<weight.columns {
            let product = Double(weight[row, column]) * Double(input[column, token])
            sum += product
            magnitude += product.magnitude
        }
        return (sum, magnitude)
    }

    /// One order of sums, the same on every instruction set but AMX, however the rows are shared out. Every one
    /// is as near to the exact product of the rounded numbers as its sums allow.
    @Test(arguments: shapes, [Float(1), 1e-17, 1e15])
    func instructionSetsAgree(_ shape: (Int, Int, Int), _ factor: Float) {
        let (rows, columns, tokens) = shape
        let weight = random(rows, columns, seed: 3, times: factor)
        let bias = (0..<rows).map { 0.01 * factor * Float($0) }
        let input = random(columns, tokens, seed: 5, times: factor)
        let rounded = (BFloat16.nearest(to: weight), BFloat16.nearest(to: input))
        let expected = output(
            BFloat16Linear(weight: weight, bias: bias, instructionSet: .scalar), input)
        for set in Self.sets {
            let layer = BFloat16Linear(weight: weight, bias: bias, instructionSet: set)
            for parts in [1, 3] {
                let found = output(layer, input, parts: parts)
                if set != .amx { #expect(found == expected, "\(set) in \(parts)") }
                for (row, token) in [(0, 0), (rows - 1, tokens - 1), (rows / 2, tokens / 3)] {
                    let (sum, magnitude) = exact(rounded.0, bias, rounded.1, row, token)
                    let bound = Double(columns + 1) * magnitude * 0x1p-24
                    #expect(abs(Double(found[row, token]) - sum) <= bound, "\(set)")
                }
            }
        }
    }

    @Test func roundsToTheNearest() {
        let numbers: [(Float, UInt16)] = [
            (1, 0x3F80), (-1.5, 0xBFC0), (0x1.01p0, 0x3F80), (0x1.03p0, 0x3F82), (0x1.010002p0, 0x3F81),
            (.infinity, 0x7F80), (-.infinity, 0xFF80), (.greatestFiniteMagnitude, 0x7F80),
            (0x1.FEp127, 0x7F7F), (0x1p-56, 0x2380), (0x1.FFFFFEp-57, 0), (.leastNonzeroMagnitude, 0),
            (-0.0, 0),
        ]
        #expect(BFloat16.bits(of: numbers.map(\.0)) == numbers.map(\.1))
        let quiet = BFloat16.bits(of: [.nan, Float(bitPattern: 0x7FFF_FFFF), Float(bitPattern: 0xFF80_0001)])
        #expect(quiet.allSatisfy { Float(bitPattern: UInt32($0) << 16).isNaN })
        let once = BFloat16.nearest(to: random(7, 9, seed: 1))
        #expect(BFloat16.nearest(to: once) == once)
    }

    /// What is no number makes its own token no number, infinity gives infinity, and sums beyond floats do.
    @Test func whatIsNotFiniteStaysInItsToken() {
        var input = random(64, 4, seed: 9)
        (input[4, 1], input[5, 2]) = (.nan, .infinity)
        for row in 0..<64 { input[row, 3] = 3e38 }
        let weight = Matrix(rows: 8, columns: 64, elements: [Float](repeating: 1, count: 512))
        for set in Self.sets {
            let layer = BFloat16Linear(
                weight: weight, bias: [Float](repeating: 0, count: 8), instructionSet: set)
            let found = output(layer, input)
            for row in 0..<8 {
                #expect(found[row, 0].isFinite && found[row, 1].isNaN, "\(set)")
                #expect(found[row, 2] == .infinity && found[row, 3] == .infinity, "\(set)")
            }
        }
    }

    /// In decoding the same weights, as floats.
    @Test func decodingComputesWithRoundedWeights() throws {
        let (weight, input) = (random(12, 20, seed: 2), random(20, 1, seed: 3))
        let bias = [Float](repeating: 0.5, count: 12)
        let layer = try LevelFormats.standard.pack(Self.level, weight: weight, bias: bias, for: .decode)
        #expect(
            output(layer, input)
                == output(DenseLinear(weight: BFloat16.nearest(to: weight), bias: bias), input))
    }

    @Test func sizesAreWhatTheFormatSays() throws {
        let shape = LayerShape(name: "layer", rows: 33, cols: 65, block: 0, role: .query)
        for phase in [Workload.Phase.prefill, .decode] {
            let packed = try LevelFormats.standard.pack(
                Self.level, weight: random(33, 65, seed: 4), bias: [Float](repeating: 0, count: 33),
                for: phase)
            #expect(
                try packed.sizeBytes == LevelFormats.standard.sizeBytes(shape, Self.level, for: phase))
        }
        #expect(try LevelFormats.standard.sizeBytes(shape, Self.level) == 33 * 65 * 2)
    }

    /// There are no kernels of zeros in bfloat16.
    @Test func patternsAreRefused() throws {
        let level = try #require(Level("4x1@0.5:bfloat16"))
        #expect(throws: Issue.self) { try LevelFormats.standard.format(of: level) }
    }
}
