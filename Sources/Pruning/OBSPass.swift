import SparseKernels
import Tensors

/// One pass of SparseGPT over a layer (Frantar and Alistarh, 2023, algorithm 1).
///
/// Columns are taken in groups of 16. At the start of a group the units with the lowest w² / U_jj² (summed
/// over a unit's rows) are chosen to be dropped, over all rows at once; then, column by column, the error
/// (w − q) / U_jj of each row is spread over the columns after it: inside a block of 128 at once, to all
/// later blocks with one matrix product. Small groups choose with fresher weights: on STS-B 16 keep up to
/// half a point more than the paper's 128.
///
/// With a grid nothing more is dropped: weights are rounded to it when their column comes, and the error of that is
/// spread in the same way (GPTQ: Frantar et al., 2023, equation 2).
struct OBSPass {
    private var weight: Matrix
    private let factor: OBSFactor
    private let units: PrunedUnits
    private var dropped = 0
    private let grid: WeightGrid?
    /// Which weights are zero at the start [rows × columns], and stay so on a grid.
    private let zeros: [Bool]
    /// Of the group of columns at hand, one for each row.
    private var scales: [Float] = []
    /// What the scales are multiples of, where groups have their own; one for each row.
    private var rowScales: [Float]?

    /// - Parameter grid: the numbers that weights are rounded to, those that are zero staying so; nil where units
    ///   are dropped.
    init(weight: Matrix, factor: OBSFactor, units: PrunedUnits, grid: WeightGrid? = nil) {
        self.weight = weight
        self.factor = factor
        self.units = units
        self.grid = grid
        zeros = grid == nil ? [] : weight.elements.map { $0 == 0 }
    }

    private var unitCount: Int { units.unitRows(of: weight.rows) }

    /// Columns whose units are chosen at once: a run, where the pattern has runs; always whole units.
    private var groupColumns: Int {
        if let kept = units.kept { return kept.of * units.shape.columns }
        return max(16 / units.shape.columns, 1) * units.shape.columns
    }

    /// Columns inside which errors are spread at once, whole groups.
    private var blockColumns: Int { max(128 / groupColumns, 1) * groupColumns }

    mutating func run() -> Matrix {
        for column in 0..<weight.columns where factor.deadColumns[column] {
            for row in 0..<weight.rows { weight[row, column] = 0 }
        }
        for first in stride(from: 0, to: weight.columns, by: blockColumns) {
            let block = first..<min(first + blockColumns, weight.columns)
            var errors = Matrix(rows: weight.rows, columns: block.count)
            for start in stride(from: block.lowerBound, to: block.upperBound, by: groupColumns) {
                let group = start..<min(start + groupColumns, block.upperBound)
                chooseScales(from: start)
                sweep(group, of: block, chooseDropped(group), &errors)
            }
            updateLater(block, errors)
        }
        return weight
    }

    /// Chooses the scales of the columns that begin at `column` and share one.
    private mutating func chooseScales(from column: Int) {
        guard let grid else { return }
        let width = grid.groupColumns ?? weight.columns
        guard column % width == 0 else { return }
        let columns = column..<min(column + width, weight.columns)
        // The loss of an error in a column, once those after it have made up for it.
        let importance = columns.map { 1 / (factor.upper[$0, $0] * factor.upper[$0, $0]) }
        if column == 0, grid.groupColumns != nil {
            rowScales = (0..<weight.rows).map { grid.rowScale(of: Array(weight.row($0))) }
        }
        scales = (0..<weight.rows).map { row in
            let group = columns.map { weight[row, $0] }
            guard let rowScales else { return grid.scale(of: group, importance: importance) }
            return grid.groupScale(of: group, importance: importance, rowScale: rowScales[row])
        }
    }

    /// Whether each unit [rows of units × the group's columns of units] is dropped.
    private mutating func chooseDropped(_ group: Range<Int>) -> [Bool] {
        let width = units.unitColumns(of: group.count)
        if grid != nil { return zeros(of: group) }
        var scores = [Float](repeating: 0, count: unitCount * width)
        for row in 0..<weight.rows {
            let unit = row / units.shape.rows * width
            for (offset, column) in group.enumerated() {
                let ratio = weight[row, column] / factor.upper[column, column]
                scores[unit + offset / units.shape.columns] += ratio * ratio
            }
        }
        var drop = [Bool](repeating: false, count: scores.count)
        if units.kept != nil {
            for index in units.droppedOfRuns(scores, columns: width) { drop[index] = true }
            return drop
        }
        // Rounding is carried from block to block, so that the layer has the sparsity asked for.
        let chosen = unitCount * units.unitColumns(of: group.upperBound)
        let target = Int((Double(chosen) * units.sparsity).rounded())
        let count = target - dropped
        dropped = target
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

    /// Whether each weight of a group was zero at the start.
    private func zeros(of group: Range<Int>) -> [Bool] {
        (0..<weight.rows).flatMap { row in group.map { zeros[row * weight.columns + $0] } }
    }

    /// Zeroes the dropped weights of a group, rounds the others to a grid, updates the rest of its block, and notes the errors
    /// [rows × block columns].
    private mutating func sweep(
        _ group: Range<Int>, of block: Range<Int>, _ drop: [Bool], _ errors: inout Matrix
    ) {
        let (rows, columns, shape) = (weight.rows, weight.columns, units.shape)
        let width = units.unitColumns(of: group.count)
        weight.elements.withUnsafeMutableBufferPointer { weights in
            errors.elements.withUnsafeMutableBufferPointer { errors in
                factor.upper.elements.withUnsafeBufferPointer { upper in
                    for row in 0..<rows {
                        let line = row * columns
                        let choice = row / shape.rows * width
                        for (offset, j) in group.enumerated() {
                            let isDropped = drop[choice + offset / shape.columns]
                            guard isDropped || grid != nil else { continue }
                            let kept =
                                isDropped ? 0 : grid?.rounded(weights[line + j], scale: scales[row]) ?? 0
                            let error = (weights[line + j] - kept) / upper[j * columns + j]
                            errors[row * block.count + j - block.lowerBound] = error
                            for k in j + 1..<max(block.upperBound, j + 1) {
                                weights[line + k] -= error * upper[j * columns + k]
                            }
                            weights[line + j] = kept
                        }
                    }
                }
            }
        }
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
