import Levels
import SparseKernels
import Tensors

/// What solvers keep or drop together, and how many of them: units of rows × columns, of which either a
/// fraction of the layer is dropped, or a fixed number of each run of consecutive units of a row.
struct PrunedUnits {
    let shape: UnitShape
    /// The fraction of units to drop, where no run fixes their number.
    let sparsity: Double
    /// How many units of each run of consecutive ones are kept.
    let kept: (count: Int, of: Int)?

    /// - Throws: `Issue` for what is removed and not masked, a sparsity out of range, or a scope
    ///   that N:M does not have.
    init(_ pattern: Pattern, sparsity: Double, scope: PruningScope) throws {
        guard (0..<1).contains(sparsity) else {
            throw Issue(.outOfRange, .option("sparsity"), found: "\(sparsity)", allowed: "0 to below 1")
        }
        self.sparsity = sparsity
        switch pattern {
        case .units(let shape): (self.shape, kept) = (shape, nil)
        case .kept(let count, let of):
            guard scope == .row else {
                throw Issue(
                    .unsupported, .option("scope"), found: "\(scope.rawValue) for \(pattern)",
                    allowed: "row, as runs lie in rows")
            }
            (shape, kept) = (.single, (count, of))
        case .dense, .heads, .neurons, .block, .sublayer:
            throw Issue(
                .unsupported, .option("pattern"), found: "\(pattern)", allowed: "a pattern of weights")
        }
    }

    /// Rows of units of a matrix of so many rows.
    func unitRows(of rows: Int) -> Int { (rows + shape.rows - 1) / shape.rows }

    /// Columns of units of a matrix of so many columns.
    func unitColumns(of columns: Int) -> Int { (columns + shape.columns - 1) / shape.columns }

    /// The units with the lowest scores of each run of a row, as many as the pattern drops of it; a shorter
    /// run at a row's end is kept whole.
    func droppedOfRuns(_ scores: [Float], columns: Int) -> [Int] {
        guard let kept else { return [] }
        var dropped: [Int] = []
        for row in stride(from: 0, to: scores.count, by: max(columns, 1)) {
            for first in stride(from: row, to: row + columns - columns % kept.of, by: kept.of) {
                dropped += Self.lowest(kept.of - kept.count, of: Array(first..<first + kept.of), scores)
            }
        }
        return dropped
    }

    /// The units with the lowest scores, the first of equal ones.
    static func lowest(_ count: Int, of units: [Int], _ scores: [Float]) -> ArraySlice<Int> {
        units.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(count)
    }
}
