import CKernels
import Tensors
import Testing
import Transformers

@testable import SparseKernels

/// Every kernel that this CPU has, against the scalar one.
///
/// The bound: both sum the same products in the same order with one rounding each, so they agree exactly
/// where the scalar code has fused multiply-add, and within a few units in the last place of the largest
/// partial sum elsewhere.
@Suite struct KernelTests {
    static let sets = InstructionSet.allCases.filter { $0 != .scalar && $0.isAvailable }
    static let shapes = [
        (1, 1, 1), (3, 5, 2), (4, 16, 16), (7, 97, 17), (13, 96, 33), (12, 193, 64), (25, 385, 65),
        (48, 50, 129),
        (5, 777, 100), (64, 384, 128),
    ]
    static let sparsities = [0.0, 0.3, 0.8, 0.97, 1.0]

    private func random(_ rows: Int, _ columns: Int, sparsity: Double, group: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        var matrix = Matrix(rows: rows, columns: columns)
        for first in stride(from: 0, to: rows, by: group) {
            for column in 0..<columns where random.nextUniform() >= sparsity {
                for row in first..<min(first + group, rows) {
                    matrix[row, column] = Float(random.nextUniform() - 0.5)
                }
            }
        }
        return matrix
    }

    private func output(_ linear: any LinearOperator, _ input: PanelMatrix, parts: Int = 1) -> Matrix {
        let output = PanelMatrix(features: linear.rows, tokens: input.tokens)
        for part in 0..<parts {
            linear.apply(input, into: output, panels: 0..<input.panels, part: part, of: parts)
        }
        return output.matrix
    }

    private func largestDifference(_ a: Matrix, _ b: Matrix) -> Float {
        zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test(arguments: sets, shapes)
    func agreesWithScalar(_ set: InstructionSet, _ shape: (Int, Int, Int)) {
        let (rows, columns, tokens) = shape
        let input = PanelMatrix(random(columns, tokens, sparsity: 0, group: 1, seed: 7))
        let bias = (0..<rows).map { Float($0) / 8 - 1 }
        for sparsity in Self.sparsities {
            let free = random(rows, columns, sparsity: sparsity, group: 1, seed: 1)
            let grouped = random(rows, columns, sparsity: sparsity, group: 4, seed: 2)
            func operators(_ set: InstructionSet) -> [any LinearOperator] {
                [DenseLinear(weight: free, bias: bias, instructionSet: set)]
                    + [1, 48, 96, 384].flatMap { block -> [any LinearOperator] in
                        [
                            UnstructuredLinear(
                                weight: free, bias: bias, blockColumns: block, instructionSet: set),
                            RowBlockLinear(
                                weight: grouped, bias: bias, blockColumns: block, instructionSet: set),
                            RowBlockLinear(
                                weight: free, bias: bias, blockColumns: block, instructionSet: set),
                        ]
                    }
            }
            for (fast, scalar) in zip(operators(set), operators(.scalar)) {
                let expected = output(scalar, input)
                #expect(largestDifference(output(fast, input), expected) <= 1e-5)
                // Split over workers, the same bits come out.
                #expect(output(fast, input, parts: 3) == output(fast, input))
            }
        }
    }

    @Test func scalarAgreesWithOpenBLAS() {
        let weight = random(37, 211, sparsity: 0.5, group: 1, seed: 3)
        let input = random(211, 50, sparsity: 0, group: 1, seed: 4)
        var expected = Matrix(rows: 37, columns: 50)
        BLAS.multiply(weight, input, into: &expected)
        let bias = [Float](repeating: 0, count: 37)
        let panels = PanelMatrix(input)
        for linear in [
            DenseLinear(weight: weight, bias: bias, instructionSet: .scalar) as any LinearOperator,
            UnstructuredLinear(weight: weight, bias: bias, instructionSet: .scalar),
            RowBlockLinear(weight: weight, bias: bias, instructionSet: .scalar),
        ] {
            #expect(largestDifference(output(linear, panels), expected) <= 1e-4)
        }
    }

    @Test(arguments: sets)
    func elementwiseAgreesWithScalar(_ set: InstructionSet) {
        let features = 50
        let values = random(features, 40, sparsity: 0, group: 1, seed: 5)
        let norm = LayerNorm(
            gamma: (0..<features).map { 1 + Float($0) / 100 }, beta: (0..<features).map { Float($0) / 50 },
            epsilon: 1e-12)
        func apply(_ set: InstructionSet) -> [Matrix] {
            let kernels = set.kernels.pointee
            let gelu = PanelMatrix(
                Matrix(rows: features, columns: 40, elements: values.elements.map { $0 * 12 }))
            kernels.gelu(gelu.address, features, 0, gelu.panels, 0, features)
            let softmax = PanelMatrix(
                Matrix(rows: features, columns: 16, elements: Array(values.elements.prefix(800))))
            kernels.softmax(softmax.address, features, 30)
            let normed = PanelMatrix(values)
            norm.apply(
                normed, residual: PanelMatrix(values), into: normed, panels: 0..<normed.panels,
                instructionSet: set)
            return [gelu.matrix, softmax.matrix, normed.matrix]
        }
        for (fast, scalar) in zip(apply(set), apply(.scalar)) {
            #expect(largestDifference(fast, scalar) <= 5e-6)
        }
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
