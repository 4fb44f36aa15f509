import Levels
import Pruning
import SparseKernels

/// Estimates of how much quality each layer loses at each level when it alone is pruned, from evaluations.
///
/// Near the dense weights the loss is quadratic in the change of the weights, and so in proportion to the
/// relative error of the layer's outputs, which the level database has for every level. One evaluation for
/// each layer and pattern gives the factor: s_l(a) = loss_l(anchor) · error_l(a) / error_l(anchor). In models
/// of many layers that would take more than the search itself: there each block is evaluated, and each kind
/// of layer in all blocks, and a layer gets the share of its block and kind: loss_l(anchor) = loss_block ·
/// loss_kind / Σ loss_kind.
public enum Sensitivities {
    /// What was estimated, and what that took.
    public struct Estimate: Sendable, Equatable {
        /// [layer][level], never negative, 0 for dense.
        public let values: [[Double]]
        /// Tokens that models were run on, a backward pass counting twice.
        public let tokenPasses: Int

        /// Takes both.
        public init(values: [[Double]], tokenPasses: Int) {
            self.values = values
            self.tokenPasses = tokenPasses
        }
    }

    /// The sparsity at which layers are evaluated; the nearest level of each pattern is taken.
    public static let anchorSparsity = 0.8
    /// The most layers that are evaluated one by one.
    public static let mostLayersAlone = 100
    /// Noise of the evaluation may make a layer look better pruned: a small loss is assumed.
    private static let leastLoss = 1e-5

    /// Evaluates layers at anchors.
    ///
    /// - Parameters:
    ///   - layers: in the order of computation.
    ///   - errors: relative output errors, [layer][level].
    ///   - tokensPerEvaluation: what `quality` runs the model on.
    ///   - quality: the quality of a policy's model, as a fraction of the dense model's.
    ///   - progress: is told the fraction done.
    public static func estimate(
        levels: LevelSet, layers: [LayerShape], errors: [[Double]], tokensPerEvaluation: Int,
        quality: ([Int]) throws -> Double, progress: (Double) -> Void = { _ in }
    ) rethrows -> Estimate {
        var result = errors.map { $0.map { _ in 0.0 } }
        var evaluations = 0
        let alone = layers.count <= mostLayersAlone
        let sets = alone ? layers.indices.map { [$0] } : blocks(layers) + kinds(layers)
        // Narrow layers go together: see ``addingWidths``.
        let whole = levels.indices.filter { levels[$0].width == 1 && !levels.isDense($0) }
        let groups = alone ? patternGroups(levels, whole) : [whole]
        for (number, group) in groups.enumerated() {
            // What changes no output by the database, such as rounding to 16 bits, is no measure of the others.
            let changing = group.filter { level in errors.contains { $0[level] > 0 } }
            guard let anchor = changing.min(by: { distance(levels[$0]) < distance(levels[$1]) }) else {
                continue
            }
            let losses = try sets.enumerated().map { index, set in
                progress(Double(number * sets.count + index) / Double(groups.count * sets.count))
                var actions = levels.densePolicy(layers: layers.count)
                for layer in set { actions[layer] = anchor }
                evaluations += 1
                return max(1 - (try quality(actions)), leastLoss)
            }
            let shares = alone ? losses : shares(of: losses, layers)
            for layer in layers.indices {
                for level in group {
                    result[layer][level] =
                        shares[layer] * errors[layer][level] / max(errors[layer][anchor], 1e-12)
                }
            }
        }
        return Estimate(values: result, tokenPasses: evaluations * tokensPerEvaluation)
    }

    /// The same with what is lost in narrow sublayers: each is evaluated once at a width near a half, and what other
    /// levels lose goes by the errors. What a width loses stands with the sublayer's last layer, whose columns go; other
    /// layers lose as they do in the whole sublayer, by their errors.
    static func addingWidths(
        to estimate: Estimate, levels: LevelSet, layers: [LayerShape], errors: [[Double]],
        tokensPerEvaluation: Int, quality: ([Int]) throws -> Double, progress: (Double) -> Void = { _ in }
    ) rethrows -> Estimate {
        let narrow = levels.indices.filter { levels[$0].isNarrow }
        let order = { (level: Int) in (levels[level].sparsity, abs(levels[level].width - 0.5)) }
        guard let anchor = narrow.min(by: { order($0) < order($1) }) else { return estimate }
        var values = estimate.values
        let sublayers = layers.sublayers
        for (number, sublayer) in sublayers.enumerated() {
            progress(Double(number) / Double(sublayers.count))
            var actions = levels.densePolicy(layers: layers.count)
            for layer in sublayer { actions[layer] = anchor }
            let loss = max(1 - (try quality(actions)), leastLoss)
            for layer in sublayer {
                for level in narrow {
                    let share =
                        layers[layer].role.endsSublayer
                        ? loss / max(errors[layer][anchor], 1e-12)
                        : lossByError(of: layer, levels[level], levels, values, errors)
                    values[layer][level] = share * errors[layer][level]
                }
            }
        }
        return Estimate(
            values: values, tokenPasses: estimate.tokenPasses + sublayers.count * tokensPerEvaluation)
    }

    /// What a layer loses in its whole sublayer, by the error of its outputs, at a level of the same pattern or any.
    private static func lossByError(
        of layer: Int, _ level: Level, _ levels: LevelSet, _ values: [[Double]], _ errors: [[Double]]
    ) -> Double {
        let known = levels.indices.filter { levels[$0].width == 1 && errors[layer][$0] > 0 }
        guard let like = known.first(where: { levels[$0].pattern == level.pattern }) ?? known.first else {
            return 0
        }
        return values[layer][like] / errors[layer][like]
    }

    /// The same with what is lost when a sublayer is removed, each evaluated by itself; it stands with the sublayer's
    /// first layer.
    static func addingRemovals(
        to estimate: Estimate, levels: LevelSet, layers: [LayerShape], tokensPerEvaluation: Int,
        quality: ([Int]) throws -> Double, progress: (Double) -> Void = { _ in }
    ) rethrows -> Estimate {
        guard let removed = levels.removed else { return estimate }
        var values = estimate.values
        let sublayers = layers.sublayers
        for (number, sublayer) in sublayers.enumerated() {
            progress(Double(number) / Double(sublayers.count))
            var actions = levels.densePolicy(layers: layers.count)
            for layer in sublayer { (actions[layer], values[layer][removed]) = (removed, 0) }
            values[sublayer[0]][removed] = max(1 - (try quality(actions)), leastLoss)
        }
        return Estimate(
            values: values, tokenPasses: estimate.tokenPasses + sublayers.count * tokensPerEvaluation)
    }

    /// Each layer's loss, from those of blocks and then kinds.
    private static func shares(of losses: [Double], _ layers: [LayerShape]) -> [Double] {
        let (blocks, kinds) = (blocks(layers), kinds(layers))
        let kindLosses = losses.suffix(kinds.count)
        let total = kindLosses.reduce(0, +)
        var shares = [Double](repeating: 0, count: layers.count)
        for (block, loss) in zip(blocks, losses) { for layer in block { shares[layer] = loss / total } }
        for (kind, loss) in zip(kinds, kindLosses) { for layer in kind { shares[layer] *= loss } }
        return shares
    }

    /// Layers by their blocks.
    private static func blocks(_ layers: [LayerShape]) -> [[Int]] {
        grouped(layers, by: \.block)
    }

    /// Layers by their roles.
    private static func kinds(_ layers: [LayerShape]) -> [[Int]] {
        grouped(layers, by: \.role)
    }

    private static func grouped<Key: Equatable>(_ layers: [LayerShape], by key: (LayerShape) -> Key)
        -> [[Int]]
    {
        var groups: [(key: Key, members: [Int])] = []
        for (index, layer) in layers.enumerated() {
            if let group = groups.firstIndex(where: { $0.key == key(layer) }) {
                groups[group].members.append(index)
            } else {
                groups.append((key(layer), [index]))
            }
        }
        return groups.map(\.members)
    }

    private static func patternGroups(_ levels: LevelSet, _ whole: [Int]) -> [[Int]] {
        // Precisions without zeros: their errors are scaled as those of the first pattern.
        let unpruned = whole.filter { levels[$0].keepsAll }
        guard !levels.patterns.isEmpty else { return unpruned.isEmpty ? [] : [unpruned] }
        return levels.patterns.enumerated().map { number, pattern in
            whole.filter { levels[$0].pattern == pattern } + (number == 0 ? unpruned : [])
        }
    }

    private static func distance(_ level: Level) -> Double {
        abs(level.sparsity - anchorSparsity)
    }
}
