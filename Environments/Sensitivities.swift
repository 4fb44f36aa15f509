import Pruning
import SparseKernels

/// Estimates of how much quality each layer loses at each level when it alone is pruned.
///
/// Near the dense weights the loss is quadratic in the change of the weights, and so in proportion to the
/// relative error of the layer's outputs, which the level database has for every level. One evaluation
/// for each layer and pattern gives the factor: s_l(a) = loss_l(anchor) · error_l(a) / error_l(anchor).
/// In models of many layers, one evaluation for each layer serves all patterns.
public enum Sensitivities {
    /// The sparsity at which each layer is evaluated; the nearest level of each pattern is taken.
    public static let anchorSparsity = 0.8
    /// The most layers that are evaluated once for each pattern.
    public static let mostLayersByPattern = 100

    /// Evaluates each layer alone at the anchor of each pattern.
    ///
    /// - Parameters:
    ///   - errors: relative output errors, [layer][level].
    ///   - quality: the quality of a policy's model, as a fraction of the dense model's.
    ///   - progress: is told the fraction done.
    /// - Returns: [layer][level], never negative, 0 for dense.
    public static func estimate(
        levels: [Level], errors: [[Double]], quality: ([Int]) throws -> Double,
        progress: (Double) -> Void = { _ in }
    ) rethrows -> [[Double]] {
        var result = errors.map { $0.map { _ in 0.0 } }
        let groups = groups(levels, layers: errors.count)
        for layer in errors.indices {
            for (number, group) in groups.enumerated() {
                progress(Double(layer * groups.count + number) / Double(errors.count * groups.count))
                guard let anchor = group.min(by: { distance(levels[$0]) < distance(levels[$1]) }) else {
                    continue
                }
                var actions = [Int](repeating: 0, count: errors.count)
                actions[layer] = anchor
                // Noise of the evaluation may make a layer look better pruned: a small loss is assumed.
                let loss = max(1 - (try quality(actions)), 1e-5)
                for level in group {
                    result[layer][level] = loss * errors[layer][level] / max(errors[layer][anchor], 1e-12)
                }
            }
        }
        return result
    }

    /// How many evaluations ``estimate(levels:errors:quality:progress:)`` takes.
    public static func evaluations(levels: [Level], layers: Int) -> Int {
        layers * groups(levels, layers: layers).filter { !$0.isEmpty }.count
    }

    /// Levels that share an anchor: those of a pattern, or all that are not dense.
    private static func groups(_ levels: [Level], layers: Int) -> [[Int]] {
        let pruned = levels.indices.filter { levels[$0].pattern != .dense }
        guard layers <= mostLayersByPattern else { return [pruned] }
        return Pattern.allCases.map { pattern in pruned.filter { levels[$0].pattern == pattern } }
    }

    private static func distance(_ level: Level) -> Double {
        abs(level.sparsity - anchorSparsity)
    }
}
