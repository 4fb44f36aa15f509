import Tensors

/// One pass of SparseGPT over a layer (Frantar and Alistarh, 2023, algorithm 1).
///
/// Columns are taken in blocks of 128. At the start of a block the units with the lowest
/// w² / U_jj² (summed over a unit's rows) are chosen to be dropped, over all rows at once; then, column by
/// column, the error (w − q) / U_jj of each row is spread over the columns after it: inside the block at
/// once, to all later blocks with one matrix product.
struct OBSPass {
    private static let blockColumns = 128
    private var weight: Matrix
    private let factor: OBSFactor
    private let unitRows: Int
    private let sparsity: Double
    private var dropped = 0

    init(weight: Matrix, factor: OBSFactor, unitRows: Int, sparsity: Double) {
        self.weight = weight
        self.factor = factor
        self.unitRows = unitRows
        self.sparsity = sparsity
    }

    private var unitCount: Int { (weight.rows + unitRows - 1) / unitRows }

    mutating func run() -> Matrix {
        for column in 0..<weight.columns where factor.deadColumns[column] {
            for row in 0..<weight.rows { weight[row, column] = 0 }
        }
        for first in stride(from: 0, to: weight.columns, by: Self.blockColumns) {
            let block = first..<min(first + Self.blockColumns, weight.columns)
            let drop = chooseDropped(block)
            let errors = sweep(block, drop)
            updateLater(block, errors)
        }
        return weight
    }

    /// Whether each unit [units × block columns] is dropped.
    private mutating func chooseDropped(_ block: Range<Int>) -> [Bool] {
        let width = block.count
        var scores = [Float](repeating: 0, count: unitCount * width)
        for row in 0..<weight.rows {
            let unit = row / unitRows * width
            for (offset, column) in block.enumerated() {
                let ratio = weight[row, column] / factor.upper[column, column]
                scores[unit + offset] += ratio * ratio
            }
        }
        // Rounding is carried from block to block, so that the layer has the sparsity asked for.
        let target = Int((Double(unitCount * block.upperBound) * sparsity).rounded())
        let count = target - dropped
        dropped = target
        var drop = [Bool](repeating: false, count: scores.count)
        guard count > 0 else { return drop }
        let threshold = scores.sorted()[count - 1]
        var left = count
        for index in scores.indices where scores[index] < threshold {
            drop[index] = true
            left -= 1
        }
        for index in scores.indices where left > 0 && scores[index] == threshold {
            drop[index] = true
            left -= 1
        }
        return drop
    }

    /// Zeroes the dropped weights of a block and updates the rest of it; returns the errors
    /// [rows × block columns].
    private mutating func sweep(_ block: Range<Int>, _ drop: [Bool]) -> Matrix {
        let (columns, width, unitRows) = (weight.columns, block.count, unitRows)
        var errors = Matrix(rows: weight.rows, columns: width)
        let rows = weight.rows
        let upper = factor.upper.elements
        weight.elements.withUnsafeMutableBufferPointer { weights in
            errors.elements.withUnsafeMutableBufferPointer { errors in
                upper.withUnsafeBufferPointer { upper in
                    for row in 0..<rows {
                        let line = row * columns + block.lowerBound
                        let choice = row / unitRows * width
                        for j in 0..<width where drop[choice + j] {
                            let factors = (block.lowerBound + j) * columns + block.lowerBound
                            let error = weights[line + j] / upper[factors + j]
                            errors[row * width + j] = error
                            for k in j + 1..<max(width, j + 1) {
                                weights[line + k] -= error * upper[factors + k]
                            }
                            weights[line + j] = 0
                        }
                    }
                }
            }
        }
        return errors
    }

    /// Spreads the errors of a block over all columns after it.
    private mutating func updateLater(_ block: Range<Int>, _ errors: Matrix) {
        let (rows, columns, end) = (weight.rows, weight.columns, block.upperBound)
        guard end < columns else { return }
        weight.elements.withUnsafeMutableBufferPointer { weights in
            factor.upper.elements.withUnsafeBufferPointer { upper in
                guard let target = weights.baseAddress, let source = upper.baseAddress else { return }
                BLAS.multiply(
                    m: rows, n: columns - end, k: block.count, alpha: -1, a: errors.elements,
                    lda: block.count,
                    b: source + block.lowerBound * columns + end, ldb: columns, beta: 1, c: target + end,
                    ldc: columns)
            }
        }
    }
}
