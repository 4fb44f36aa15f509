import Levels
import SparseKernels
import Tensors
import Transformers

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
    /// Which rows and columns of the whole layer are left; nil for all of them.
    private var rows: [Int]?
    private var columns: [Int]?
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

    /// What is left of the layer in a narrower sublayer: some rows; or, of the layer that ends it, some columns, which
    /// with the score `obs` are refitted to what the whole layer gives.
    ///
    /// Every width has its own solution: of rows it is the same as in the whole layer, as rows do not depend on each
    /// other, and of columns the covariance is cut to those that are left.
    ///
    /// - Parameter ranking: says what is left; nil for a sublayer that is never narrow.
    /// - Throws: `Issue` when the covariance of the columns that are left is not positive definite.
    func narrowed(to width: Double, of shape: LayerShape, by ranking: UnitRanking?) throws -> PrunableLayer {
        guard width < 1, let ranking else { return self }
        let left = ranking.kept(shape.innerFeatures(atWidth: width))
        return shape.role.endsSublayer ? try keeping(columns: left) : keeping(rows: left)
    }

    /// A weight of this layer, and where in the whole layer it stands.
    func placed(_ weight: Matrix) -> PrunedWeight {
        PrunedWeight(weight, rows: rows, columns: columns)
    }

    private func keeping(rows: [Int]) -> PrunableLayer {
        let method: Method =
            switch method {
            case .surgery: method
            case .mask(let importance): .mask(importance.selectingRows(rows))
            }
        var layer = PrunableLayer(self, weight: weight.selectingRows(rows), method: method)
        layer.rows = rows
        return layer
    }

    /// By the score `obs`, W·H_:k·H_kk⁻¹.
    private func keeping(columns: [Int]) throws -> PrunableLayer {
        var layer: PrunableLayer
        switch method {
        case .surgery(let factor):
            let own = try factor.selecting(columns, layer: name)
            var outputs = Matrix(rows: weight.rows, columns: columns.count)
            var half = outputs
            BLAS.multiply(weight, factor.damped.selectingColumns(columns), into: &outputs)
            BLAS.multiply(outputs, own.upper, transposeB: true, into: &half)
            BLAS.multiply(half, own.upper, into: &outputs)
            layer = PrunableLayer(self, weight: outputs, method: .surgery(own))
        case .mask(let importance):
            layer = PrunableLayer(
                self, weight: weight.selectingColumns(columns),
                method: .mask(importance.selectingColumns(columns)))
        }
        layer.columns = columns
        return layer
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
