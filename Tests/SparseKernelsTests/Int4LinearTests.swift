import Levels
import Tensors
import Testing
import Transformers

@testable import SparseKernels

/// Products of weights in 4 bits.
@Suite struct Int4LinearTests {
    private static let sets = InstructionSet.allCases.filter(\.isAvailable)
    private static let shapes = [(2, 3, 1), (5, 7, 3), (16, 64, 16), (50, 97, 65), (130, 384, 129)]

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextUniform() - 0.5) })
    }

    private func output(_ layer: any LinearOperator, _ input: Matrix, parts: Int = 1) -> Matrix {
        let output = PanelMatrix(features: layer.rows, tokens: input.columns)
        let panels = PanelMatrix(input)
        for part in 0..<parts { layer.apply(panels, into: output, part: part, of: parts) }
        return output.matrix
    }

    private func packed(_ weight: Matrix, _ bias: [Float], _ set: InstructionSet = .best) -> Int4Linear {
        Int4Linear(NibbleRows(weight), bias: bias, instructionSet: set)
    }

    /// Expanding some rows at a time changes nothing: the products are those of the same numbers in 8 bits.
    @Test(arguments: shapes) func severalTokensAreThoseOfEightBits(_ shape: (Int, Int, Int)) {
        let (rows, columns, tokens) = shape
        let weight = random(rows, columns, seed: 3)
        let bias = (0..<rows).map { 0.01 * Float($0) }
        let input = random(columns, tokens, seed: 5)
        let expected = output(
            Int8Linear(weight: WeightGrid.int4.nearest(to: weight), bias: bias, instructionSet: .scalar),
            input)
        for set in Self.sets {
            for parts in [1, 3] {
                #expect(
                    output(packed(weight, bias, set), input, parts: parts) == expected, "\(set) in \(parts)")
            }
        }
    }

    /// More than is expanded at a time.
    @Test func manyRowsAreExpandedInParts() {
        let weight = random(300, 1600, seed: 13)
        let bias = [Float](repeating: 0, count: 300)
        let input = random(1600, 5, seed: 14)
        let expected = output(Int8Linear(weight: WeightGrid.int4.nearest(to: weight), bias: bias), input)
        #expect(output(packed(weight, bias), input) == expected)
    }

    /// One token, from the weights as they are: the same bits everywhere, and near the exact product.
    @Test(arguments: shapes) func oneTokenIsComputedFromFourBits(_ shape: (Int, Int, Int)) throws {
        let (rows, columns, _) = shape
        let weight = random(rows, columns, seed: 6)
        let rounded = WeightGrid.int4.nearest(to: weight)
        let bias = (0..<rows).map { 0.01 * Float($0) }
        let token = AlignedScratch(count: columns)
        for (index, value) in random(1, columns, seed: 7).elements.enumerated() {
            token.address[index] = value
        }
        func output(_ set: InstructionSet) -> [Float] {
            let (vector, layer) = (QuantizedVector(capacity: columns), packed(weight, bias, set))
            vector.set(token.address, count: columns, instructionSet: set)
            let found = AlignedScratch(count: rows)
            for part in 0..<2 {
                layer.apply(vector, into: found.address, rows: layer.singleTokenRows(ofPart: part, of: 2))
            }
            return (0..<rows).map { found.address[$0] }
        }
        let expected = output(.scalar)
        for set in Self.sets { #expect(output(set) == expected, "\(set)") }
        for row in 0..<rows {
            let exact = (0..<columns).reduce(bias[row]) { $0 + rounded[row, $1] * token.address[$1] }
            // A step of an activation is 1/127 of 0.5 at most, half of it is lost.
            #expect(abs(expected[row] - exact) <= Float(columns) * 0.5 * 0.5 / 254)
        }
    }

    /// A weight on the grid is packed without another rounding, its numbers come back from bytes, and it is
    /// nearer to what it was than with one scale for a row.
    @Test(arguments: [1, 31, 32, 33, 100]) func aWeightOnTheGridComesBackExactly(columns: Int) {
        let weight = random(9, columns, seed: 11)
        let rounded = WeightGrid.int4.nearest(to: weight)
        let nibbles = NibbleRows(rounded)
        let integers = nibbles.integers
        for row in 0..<9 {
            for column in 0..<columns {
                let index = row * columns + column
                #expect(Float(integers.values[index]) * integers.scales[row] == rounded[row, column])
                #expect(abs(nibbles.values[index]) <= 7)
            }
        }
        #expect(nibbles.multipliers.allSatisfy { (1...18).contains($0) })
        func error(_ other: Matrix) -> Float {
            zip(weight.elements, other.elements).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let whole = WeightGrid(highest: 7, groupColumns: nil).nearest(to: weight)
        #expect(error(rounded) <= error(whole) * 1.02)
    }

    /// Zeros, one huge weight, and what would not fit in 16 bits.
    @Test func extremesStayWhereTheyAre() {
        var weight = random(3, 4096, seed: 7)
        for column in 0..<4096 { (weight[0, column], weight[1, column]) = (0, 1) }
        weight[2, 5] = 1e6
        let input = Matrix(rows: 4096, columns: 17, elements: [Float](repeating: -2, count: 4096 * 17))
        for set in Self.sets {
            let found = output(packed(weight, [0.25, 0, 0], set), input)
            #expect((0..<17).allSatisfy { found[0, $0] == 0.25 && abs(found[1, $0] + 8192) < 0.1 }, "\(set)")
            #expect(abs(found[2, 0] + 2e6) < 2e4)
        }
    }

    @Test func sizeIsWhatTheFormatSays() throws {
        let level = Level.dense.with(.int4)
        for phase in [Workload.Phase.prefill, .decode] {
            let layer = Int4Format().pack(
                level, weight: random(48, 96, seed: 1), bias: [Float](repeating: 0, count: 48), for: phase,
                on: .best)
            #expect(layer.sizeBytes == Int4Format().sizeBytes(level, rows: 48, columns: 96, for: phase))
            #expect(layer.sizeBytes == 48 * (48 + 3 + 8))
        }
    }
}
