import CSecateur
import Foundation
import Levels
import Secateur
import SecateurHeader
import Testing

/// Single layers by the C library and by the library product, against products in double precision.
@Suite struct LayerTests {
    private static let (rows, columns, tokens) = (48, 40, 70)

    /// Numbers in [-1, 1), always the same.
    private static func numbers(_ count: Int, seed: Int) -> [Float] {
        (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 2003) / 1001.5 - 1 }
    }

    /// The weight: two thirds of its groups of four rows have no column in common with others.
    private static let weight: [Float] = numbers(rows * columns, seed: 1).enumerated().map { index, value in
        let (row, column) = (index / columns, index % columns)
        return (row / 4 + column) % 3 == 0 ? value : 0
    }
    private static let bias = numbers(rows, seed: 2)
    private static let inputs = numbers(tokens * columns, seed: 3)

    private static func expected(_ token: Int, _ row: Int) -> Double {
        (0..<columns).reduce(Double(bias[row])) {
            $0 + Double(weight[row * columns + $1]) * Double(inputs[token * columns + $1])
        }
    }

    @Test(arguments: ["float32", "bfloat16", "int8", "int4"], [Int32(1), 2])
    func aLayerComputesItsProduct(precision: String, threads: Int32) throws {
        var layer: OpaquePointer?
        #expect(
            secateur_linear_create(
                Self.weight, Self.rows, Self.columns, Self.bias, precision, threads, &layer) == SECATEUR_OK)
        defer { secateur_linear_destroy(layer) }
        try #require(layer != nil)
        #expect(secateur_linear_size_bytes(layer) < Self.weight.count * 4)
        var outputs = [Float](repeating: .nan, count: Self.tokens * Self.rows)
        #expect(secateur_linear_execute(layer, Self.inputs, Self.tokens, &outputs) == SECATEUR_OK)
        // Rounding errors of 13 products of numbers below 1.
        let errors: [String: Double] = ["float32": 1e-5, "bfloat16": 0.05, "int8": 0.1, "int4": 0.7]
        let allowed = try #require(errors[precision])
        let worst = (0..<Self.tokens).flatMap { token in
            (0..<Self.rows).map { abs(Double(outputs[token * Self.rows + $0]) - Self.expected(token, $0)) }
        }.max()
        #expect(try #require(worst) <= allowed)
        let same = try LinearLayer(
            weight: Self.weight, rows: Self.rows, columns: Self.columns, bias: Self.bias,
            precision: try #require(Precision(name: precision)))
        #expect(try same(Self.inputs) == outputs)
    }

    @Test func zerosThatRowsShareAreFound() throws {
        let layer = try LinearLayer(weight: Self.weight, rows: Self.rows, columns: Self.columns)
        #expect(layer.level.pattern == .rowBlock4 && layer.rows == Self.rows && layer.columns == Self.columns)
        #expect(layer.sizeBytes < Self.weight.count * 2)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        var layer: OpaquePointer?
        #expect(secateur_linear_create(nil, 4, 4, nil, nil, 1, &layer) == SECATEUR_MISSING)
        #expect(secateur_linear_create([1], 0, 4, nil, nil, 1, &layer) == SECATEUR_OUT_OF_RANGE)
        #expect(secateur_linear_create([1], 1, 1, nil, nil, 1000, &layer) == SECATEUR_OUT_OF_RANGE)
        #expect(secateur_linear_create([.nan], 1, 1, nil, nil, 1, &layer) == SECATEUR_MALFORMED)
        #expect(layer == nil)
        #expect(secateur_linear_execute(nil, [1], 1, nil) == SECATEUR_MISSING)
        #expect(throws: Levels.Issue.self) { try LinearLayer(weight: [1, 2], rows: 1, columns: 1) }
        #expect(throws: Levels.Issue.self) {
            try LinearLayer(weight: [1], rows: 1, columns: 1, bias: [])
        }
        let one = try LinearLayer(weight: [2, 3], rows: 1, columns: 2, bias: [1])
        #expect(try one([1, 1, 0, 0]) == [6, 1] && one([]).isEmpty)
        #expect(throws: Levels.Issue.self) { try one([1]) }
    }
}
