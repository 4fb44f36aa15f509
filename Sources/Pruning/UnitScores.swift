import Levels
import Tensors

/// Among what the lowest scores are looked for.
public enum PruningScope: String, CaseIterable, Sendable, Codable {
    /// Each output row, or row of units, by itself.
    case row
    /// Each layer by itself.
    case layer
    /// The whole model.
    case global
}

/// Scores of the units of a layer that are kept or dropped together: the sum of a unit's weights' scores.
struct UnitScores {
    let units: PrunedUnits
    let shape: (rows: Int, columns: Int)
    /// Rows and columns of units.
    let rows: Int
    let columns: Int
    let scores: [Float]

    /// Sums up the importance of single weights [rows × columns].
    init(importance: Matrix, units: PrunedUnits) {
        self.units = units
        shape = (importance.rows, importance.columns)
        rows = units.unitRows(of: importance.rows)
        columns = units.unitColumns(of: importance.columns)
        guard units.shape != .single else {
            scores = importance.elements
            return
        }
        var sums = [Float](repeating: 0, count: rows * columns)
        for row in 0..<importance.rows {
            let first = row / units.shape.rows * columns
            for column in 0..<importance.columns {
                sums[first + column / units.shape.columns] += importance[row, column]
            }
        }
        scores = sums
    }

    /// Which units to drop, with scope row or layer.
    func dropped(_ scope: PruningScope) -> [Bool] {
        if units.kept != nil {
            var drop = [Bool](repeating: false, count: scores.count)
            for index in units.droppedOfRuns(scores, columns: columns) { drop[index] = true }
            return drop
        }
        guard scope == .row else {
            return LowestScores.mark(Int((Double(scores.count) * units.sparsity).rounded()), of: scores)
        }
        // Rounding is carried from row to row, so that the layer as a whole has the sparsity asked for.
        var before = 0
        return (0..<rows).flatMap { row in
            let target = Int((Double((row + 1) * columns) * units.sparsity).rounded())
            defer { before = target }
            return LowestScores.mark(target - before, of: Array(scores[row * columns..<(row + 1) * columns]))
        }
    }

    /// 1 for the weights of kept units, 0 for those of dropped ones, [rows × columns] of the layer.
    func mask(_ dropped: [Bool]) -> [Float] {
        if units.shape == .single { return dropped.map { $0 ? 0 : 1 } }
        var mask = [Float](repeating: 1, count: shape.rows * shape.columns)
        for row in 0..<shape.rows {
            let first = row / units.shape.rows * columns
            for column in 0..<shape.columns where dropped[first + column / units.shape.columns] {
                mask[row * shape.columns + column] = 0
            }
        }
        return mask
    }
}

/// Chooses what is dropped of the layers of a model.
public enum MaskSelection {
    /// One mask [rows × columns] for each layer, 0 for what is dropped: the lowest scores of the scope,
    /// exactly as many as the sparsity asks for, within one unit.
    ///
    /// - Parameters:
    ///   - importance: of every layer's weights.
    ///   - pattern: of single weights, units or N:M.
    /// - Throws: `Issue` for a pattern that is removed and not masked, or a scope that it does not
    ///   have.
    public static func masks(
        _ importance: [Matrix], pattern: Pattern, sparsity: Double, scope: PruningScope
    ) throws -> [[Float]] {
        let units = try PrunedUnits(pattern, sparsity: sparsity, scope: scope)
        let scores = importance.map { UnitScores(importance: $0, units: units) }
        guard scope == .global, units.kept == nil else {
            return scores.map { $0.mask($0.dropped(scope)) }
        }
        let all = scores.flatMap(\.scores)
        let dropped = LowestScores.mark(Int((Double(all.count) * sparsity).rounded()), of: all)
        var start = 0
        return scores.map { layer in
            defer { start += layer.scores.count }
            return layer.mask(Array(dropped[start..<start + layer.scores.count]))
        }
    }
}
