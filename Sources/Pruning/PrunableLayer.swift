import Levels
import SparseKernels
import Tensors

/// A layer that is to be pruned to one or more levels.
///
///     let layer = try PrunableLayer(name: "a", evidence: evidence, score: .obs)
///     let pruned = layer.pruned(to: Level("4x1@0.7")!)
///
/// With the score `obs` by optimal brain surgery, column by column (Frantar and Alistarh, "SparseGPT", 2023),
/// then the kept weights are refitted together (Meng et al., "ALPS", 2024). With any other score the units
/// with the lowest sums are masked, in the scope that is usual for the score and the pattern.
public struct PrunableLayer: Sendable {
    /// Its name in the checkpoint.
    public let name: String
    /// The dense weight [rows × columns].
    public let weight: Matrix
    private let score: PruningScore
    private let method: Method

    private enum Method: Sendable {
        case surgery(OBSFactor)
        /// The importance of every weight [rows × columns].
        case mask(Matrix)
    }

    /// Prepares a layer for a score.
    ///
    /// - Parameter seed: fixes what is random.
    /// - Throws: `Issue` for weights that are not finite, or for evidence that the score needs and
    ///   that is missing, of another shape, or not positive definite.
    public init(name: String, evidence: LayerEvidence, score: PruningScore, seed: UInt64 = 1) throws {
        self.name = name
        self.score = score
        weight = evidence.weight
        guard weight.elements.allSatisfy(\.isFinite) else {
            throw Issue(
                .outOfRange, .other(name), found: "a weight that is not finite", allowed: "finite weights")
        }
        guard score == .obs else {
            // FNV-1a of the name, so that layers of one shape differ.
            let stream = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            var random = CounterBasedRandom(seed: seed, stream: stream)
            method = .mask(try evidence.importance(score, layer: name, random: &random))
            return
        }
        method = .surgery(try OBSFactor(try evidence.inputs(for: score, layer: name), layer: name))
    }

    /// The same for a weight and the covariance of its inputs.
    public init(name: String, weight: Matrix, covariance: InputCovariance?, score: PruningScore) throws {
        var evidence = LayerEvidence(weight: weight)
        evidence.covariance = covariance
        try self.init(name: name, evidence: evidence, score: score)
    }

    private init(_ layer: PrunableLayer, weight: Matrix, method: Method) {
        (name, score, self.weight, self.method) = (layer.name, layer.score, weight, method)
    }

    /// Some of the rows.
    func keeping(rows: [Int]) -> PrunableLayer {
        let method: Method =
            switch method {
            case .surgery: method
            case .mask(let importance): .mask(importance.selectingRows(rows))
            }
        return PrunableLayer(self, weight: weight.selectingRows(rows), method: method)
    }

    /// Some of the columns, refitted to the outputs of all of them by the score `obs`: W·H_:k·H_kk⁻¹.
    func keeping(columns: [Int]) throws -> PrunableLayer {
        switch method {
        case .surgery(let factor):
            let own = try factor.selecting(columns, layer: name)
            var outputs = Matrix(rows: weight.rows, columns: columns.count)
            var half = outputs
            BLAS.multiply(weight, factor.damped.selectingColumns(columns), into: &outputs)
            BLAS.multiply(outputs, own.upper, transposeB: true, into: &half)
            BLAS.multiply(half, own.upper, into: &outputs)
            return PrunableLayer(self, weight: outputs, method: .surgery(own))
        case .mask(let importance):
            return PrunableLayer(
                self, weight: weight.selectingColumns(columns),
                method: .mask(importance.selectingColumns(columns)))
        }
    }

    /// The weight at a level, with exactly the zeros that its sparsity asks for, within one unit of
    /// its pattern, and where a grid is given with its other weights on it. The sparsity of N:M is its own,
    /// whatever the level says; the width is the layer's.
    ///
    /// Computes on the calling thread.
    /// - Throws: `Issue` for what is removed and not masked.
    public func pruned(to level: Level, on grid: WeightGrid? = nil) throws -> Matrix {
        guard !level.isRemoved else { return Matrix(rows: weight.rows, columns: weight.columns) }
        let pruned = level.pattern == .dense ? weight : try pruned(level.pattern, sparsity: level.sparsity)
        return try grid.map { try rounded(pruned, to: $0) } ?? pruned
    }

    /// The same for a pattern of weights.
    /// - Throws: `Issue` for what is removed and not masked, or a sparsity out of range.
    public func pruned(_ pattern: Pattern, sparsity: Double) throws -> Matrix {
        let scope = pattern.usualScope(of: score)
        let units = try PrunedUnits(pattern, sparsity: sparsity, scope: scope)
        switch method {
        case .surgery(let factor):
            var pass = OBSPass(weight: weight, factor: factor, units: units)
            return SupportRefinement(dense: weight, pruned: pass.run(), covariance: factor.damped).run()
        case .mask(let importance):
            let scores = UnitScores(importance: importance, units: units)
            let mask = scores.mask(scores.dropped(scope))
            return Matrix(
                rows: weight.rows, columns: weight.columns,
                elements: zip(weight.elements, mask).map { $0 * $1 })
        }
    }

    /// A weight on a grid, its zeros where they were.
    private func rounded(_ pruned: Matrix, to grid: WeightGrid) throws -> Matrix {
        switch method {
        case .surgery(let factor):
            var pass = OBSPass(
                weight: pruned, factor: factor,
                units: try PrunedUnits(.unstructured, sparsity: 0, scope: .layer), grid: grid)
            return pass.run()
        case .mask: return grid.nearest(to: pruned)
        }
    }
}
