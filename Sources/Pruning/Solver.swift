import Levels
import SparseKernels
import Tensors

/// How weights to drop are chosen, and whether the kept ones make up for them.
public enum Solver: String, CaseIterable, Sendable, Codable {
    /// The smallest |w| of the layer (Han et al., 2015).
    case magnitude
    /// The smallest |w_ij|·‖x_j‖₂ of each output row (Sun et al., "Wanda", 2023).
    case wanda
    /// Optimal brain surgery, column by column (Frantar and Alistarh, "SparseGPT", 2023), then the kept
    /// weights refitted together (Meng et al., "ALPS", 2024).
    case obs
}

/// A layer that is to be pruned to one or more levels.
public struct PrunableLayer: Sendable {
    /// Its name in the checkpoint.
    public let name: String
    /// The dense weight [rows × columns].
    public let weight: Matrix
    /// Column norms of the inputs; needed by Wanda.
    public let columnNorms: [Float]?
    /// The factor of the inputs' covariance; needed by OBS.
    public let factor: OBSFactor?

    /// Prepares a layer for a solver.
    /// - Throws: ``PruningError`` for weights that are not finite, or a covariance that is missing, of
    ///   another shape, or not positive definite.
    public init(name: String, weight: Matrix, covariance: InputCovariance?, solver: Solver) throws {
        guard weight.elements.allSatisfy(\.isFinite) else {
            throw PruningError(name, "found a weight that is not finite")
        }
        self.name = name
        self.weight = weight
        if solver == .magnitude {
            columnNorms = nil
            factor = nil
            return
        }
        guard let covariance, covariance.matrix.rows == weight.columns else {
            let found = covariance.map { "\($0.matrix.rows) columns" } ?? "no covariance"
            throw PruningError(name, "\(solver.rawValue) found \(found), allowed \(weight.columns) columns")
        }
        columnNorms = covariance.columnNorms
        factor = solver == .obs ? try OBSFactor(covariance, layer: name) : nil
    }

    /// The weight at a level, with exactly the zeros that its sparsity asks for, within one unit of
    /// its pattern. The sparsity of 2:4 is a half, whatever the level says.
    ///
    /// Computes on the calling thread.
    public func pruned(to level: Level) -> Matrix {
        guard let units = PrunedUnits(level) else { return weight }
        return pruned(units)
    }

    /// The same for any pattern of weights.
    /// - Throws: ``PruningError`` for what is removed and not masked.
    public func pruned(_ pattern: Pattern, sparsity: Double) throws -> Matrix {
        pruned(try PrunedUnits(pattern, sparsity: sparsity, scope: .row))
    }

    private func pruned(_ units: PrunedUnits) -> Matrix {
        if let factor {
            var pass = OBSPass(weight: weight, factor: factor, units: units)
            return SupportRefinement(dense: weight, pruned: pass.run(), covariance: factor.damped).run()
        }
        let scores = UnitScores(importance: importance, units: units)
        let mask = scores.mask(scores.dropped(columnNorms == nil ? .layer : .row))
        return Matrix(
            rows: weight.rows, columns: weight.columns, elements: zip(weight.elements, mask).map { $0 * $1 })
    }

    /// (|w_ij|·‖x_j‖₂)², or w_ij² without inputs.
    private var importance: Matrix {
        let scores = weight.elements.enumerated().map { index, value in
            let score = value * (columnNorms?[index % weight.columns] ?? 1)
            return score * score
        }
        return Matrix(rows: weight.rows, columns: weight.columns, elements: scores)
    }
}
