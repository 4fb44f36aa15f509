import CKernels
import Levels
import Tensors
import Testing
import Transformers

@testable import SparseKernels

/// Every kernel that this CPU has, against the scalar one.
///
/// The bound: both sum the same products with one rounding each, but sums of column blocks may be added in
/// another order, so they agree within 32 units in the last place of the largest sum (Higham, "Accuracy and
/// stability of numerical algorithms", section 4.2); a product left out or taken twice is far beyond it.
@Suite struct KernelTests {
    static let sets = InstructionSet.allCases.filter { $0 != .scalar && $0.isAvailable }
    static let units = FloatFormat.patterns.compactMap(\.unit)
    static let sparsities = [0.0, 0.3, 0.5, 0.8, 0.97, 1.0]
    /// Rows, columns and tokens that divide nothing, drawn at random, and the corners.
    static let shapes: [(Int, Int, Int)] = {
        var random = CounterBasedRandom(seed: 11)
        func draw(_ limit: Int) -> Int { 1 + Int(random.next() % UInt64(limit)) }
        return [(1, 1, 1), (4, 16, 16), (48, 50, 129), (7, 97, 17), (64, 384, 128), (16, 4, 64)]
            + (0..<10).map { _ in (draw(130), draw(500), draw(200)) }
    }()

    private func random(
        _ rows: Int, _ columns: Int, sparsity: Double, unit: UnitShape = .single, seed: UInt64
    ) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        var matrix = Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextUniform() - 0.5) })
        for firstRow in stride(from: 0, to: rows, by: unit.rows) {
            for firstColumn in stride(from: 0, to: columns, by: unit.columns)
            where random.nextUniform() < sparsity {
                for row in firstRow..<min(firstRow + unit.rows, rows) {
                    for column in firstColumn..<min(firstColumn + unit.columns, columns) {
                        matrix[row, column] = 0
                    }
                }
            }
        }
        return matrix
    }

    private func output(_ linear: any LinearOperator, _ input: PanelMatrix, parts: Int = 1) -> Matrix {
        let output = PanelMatrix(features: linear.rows, tokens: input.tokens)
        for part in 0..<parts {
            linear.apply(input, into: output, part: part, of: parts)
        }
        return output.matrix
    }

    private func largestDifference(_ a: Matrix, _ b: Matrix) -> Float {
        zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test(arguments: sets, shapes)
    func agreesWithScalar(_ set: InstructionSet, _ shape: (Int, Int, Int)) {
        let (rows, columns, tokens) = shape
        let input = PanelMatrix(random(columns, tokens, sparsity: 0, seed: 7))
        let bias = (0..<rows).map { Float($0) / 8 - 1 }
        func compare(_ make: (InstructionSet) -> any LinearOperator) {
            let fast = output(make(set), input)
            let scalar = output(make(.scalar), input)
            let largest = scalar.elements.reduce(1) { max($0, abs($1)) }
            #expect(largestDifference(fast, scalar) <= 32 * largest * Float.ulpOfOne)
            // Split over workers, the same bits come out.
            #expect(output(make(set), input, parts: 3) == fast)
        }
        for sparsity in Self.sparsities {
            let free = random(rows, columns, sparsity: sparsity, seed: 1)
            compare { DenseLinear(weight: free, bias: bias, instructionSet: $0) }
            for unit in Self.units {
                let grouped = random(rows, columns, sparsity: sparsity, unit: unit, seed: 2)
                for weight in [free, grouped] {
                    for block in [nil, 1, 48, 384].map({ $0.map { $0 * unit.columns } }) {
                        compare {
                            SparseLinear(
                                weight: weight, bias: bias, unit: unit, blockColumns: block,
                                instructionSet: $0)
                        }
                    }
                }
            }
        }
    }

    /// Layers whose weights do not fit the second-level cache, in several blocks of columns.
    @Test(arguments: sets, [(1536, 384), (384, 1536)])
    func largeLayersAgreeWithScalar(_ set: InstructionSet, _ shape: (rows: Int, columns: Int)) {
        let input = PanelMatrix(random(shape.columns, 70, sparsity: 0, seed: 7))
        let bias = [Float](repeating: 1, count: shape.rows)
        for (unit, sparsity) in Self.units.flatMap({ unit in [0.5, 0.85].map { (unit, $0) } }) {
            let weight = random(shape.rows, shape.columns, sparsity: sparsity, unit: unit, seed: 2)
            for block in [nil, 96] {
                func make(_ set: InstructionSet) -> SparseLinear {
                    SparseLinear(
                        weight: weight, bias: bias, unit: unit, blockColumns: block, instructionSet: set)
                }
                let scalar = output(make(.scalar), input)
                let largest = scalar.elements.reduce(1) { max($0, abs($1)) }
                for parts in 1...3 {
                    let fast = output(make(set), input, parts: parts)
                    #expect(
                        largestDifference(fast, scalar) <= 32 * largest * Float.ulpOfOne,
                        "\(unit) \(sparsity) \(parts) parts")
                }
            }
        }
    }

    /// The first token of many gets the bits that it gets alone, of every kernel; and those of a sparse
    /// kernel are those of the dense one with the same blocks of columns.
    @Test(arguments: sets, [1, 8, 16, 32, 64, 128, 384])
    func aTokenDependsOnNothingElse(_ set: InstructionSet, _ tokens: Int) {
        let (rows, columns) = (43, 130)
        let values = random(columns, tokens, sparsity: 0, seed: 7)
        let (input, first) = (PanelMatrix(values), PanelMatrix(values.firstColumn))
        let bias = (0..<rows).map { Float($0) / 8 - 1 }
        for (unit, sparsity) in Self.units.flatMap({ unit in [0.4, 0.9].map { (unit, $0) } }) {
            let weight = random(rows, columns, sparsity: sparsity, unit: unit, seed: 2)
            for block in [nil, 48] {
                let sparse = SparseLinear(
                    weight: weight, bias: bias, unit: unit, blockColumns: block, instructionSet: set)
                #expect(sparse.weight == weight)
                let expected = output(sparse, input)
                #expect(output(sparse, first) == expected.firstColumn)
                for other in sparse.alternatives(weight: weight, bias: bias) {
                    #expect(output(other, input) == expected, "\(unit) \(sparsity) \(type(of: other))")
                    #expect(output(other, first) == expected.firstColumn)
                }
                let scalar = SparseLinear(
                    weight: weight, bias: bias, unit: unit, blockColumns: sparse.blockColumns,
                    instructionSet: .scalar)
                #expect(output(scalar, input) == expected)
            }
        }
    }

    @Test func scalarAgreesWithOpenBLAS() {
        let weight = random(37, 212, sparsity: 0.5, seed: 3)
        let input = random(212, 50, sparsity: 0, seed: 4)
        var expected = Matrix(rows: 37, columns: 50)
        BLAS.multiply(weight, input, into: &expected)
        let bias = [Float](repeating: 0, count: 37)
        let operators: [any LinearOperator] =
            [DenseLinear(weight: weight, bias: bias, instructionSet: .scalar)]
            + Self.units.map { SparseLinear(weight: weight, bias: bias, unit: $0, instructionSet: .scalar) }
        for linear in operators {
            #expect(largestDifference(output(linear, PanelMatrix(input)), expected) <= 1e-4)
        }
    }

    @Test(arguments: sets, [1, 16, 40, 128, 150])
    func elementwiseAgreesWithScalar(_ set: InstructionSet, _ tokens: Int) {
        let features = 50
        let values = random(features, tokens, sparsity: 0, seed: 5)
        let norm = LayerNorm(
            gamma: (0..<features).map { 1 + Float($0) / 100 }, beta: (0..<features).map { Float($0) / 50 },
            epsilon: 1e-12)
        func apply(_ set: InstructionSet) -> [Matrix] {
            let gelu = PanelMatrix(
                Matrix(rows: features, columns: tokens, elements: values.elements.map { $0 * 12 }))
            set.kernels.pointee.gelu(gelu.address, features, tokens, 0, features)
            let normed = PanelMatrix(values)
            norm.apply(
                normed, residual: PanelMatrix(values), into: normed, strips: 0..<normed.strips,
                instructionSet: set)
            return [gelu.matrix, normed.matrix]
        }
        for (fast, scalar) in zip(apply(set), apply(.scalar)) {
            #expect(largestDifference(fast, scalar) <= 5e-6)
        }
    }

    /// Sequences that start anywhere, end anywhere, and heads of any size.
    @Test(
        arguments: sets,
        [
            (1, 0, 1, 32), (128, 0, 128, 32), (150, 0, 150, 64), (150, 64, 86, 20), (200, 33, 100, 7),
            (90, 0, 40, 32),
        ])
    func attentionAgreesWithScalar(_ set: InstructionSet, _ shape: (Int, Int, Int, Int)) {
        let (tokens, offset, length, dimensions) = shape
        let features = 3 * dimensions
        let inputs = (0..<3).map {
            PanelMatrix(random(features, tokens, sparsity: 0, seed: UInt64(20 + $0)))
        }
        func context(_ set: InstructionSet) -> Matrix {
            let output = PanelMatrix(features: features, tokens: tokens)
            let scratch = PanelMatrix(features: secateur_attention_scratch(length, dimensions), tokens: 1)
            for head in 0..<3 {
                var attention = secateur_attention(
                    q: inputs[0].address, k: inputs[1].address, v: inputs[2].address,
                    context: output.address, features: features, tokens: tokens, first: head * dimensions,
                    dimensions: dimensions, offset: offset, length: length, scale: 2,
                    scratch: scratch.address)
                set.kernels.pointee.attention(&attention)
            }
            return output.matrix
        }
        #expect(largestDifference(context(set), context(.scalar)) <= 5e-6)
    }

    @Test func costSplitCoversEverythingInOrder() {
        var random = CounterBasedRandom(seed: 9)
        for count in [1, 2, 3, 10, 100] {
            let costs = (0..<count).map { _ in Int(random.nextUniform() * 50) }
            let split = CostSplit(costs: costs)
            for parts in [1, 2, 3, 7] {
                let ranges = (0..<parts).map { split.range(ofPart: $0, of: parts) }
                #expect(ranges.flatMap { Array($0) } == Array(0..<count))
            }
        }
    }
}

extension Matrix {
    /// The first column alone.
    fileprivate var firstColumn: Matrix {
        Matrix(rows: rows, columns: 1, elements: (0..<rows).map { self[$0, 0] })
    }
}
