import Levels
import Tensors

/// What is known of the layers of one transformer block.
public struct BlockEvidence: Sendable {
    /// By what they do; weights as in `EncoderCheckpoint`: queries, keys and values [heads·size × hidden].
    public var layers: [LayerRole: LayerEvidence]
    /// Features of a head.
    public var headSize: Int

    /// Puts a block together.
    public init(layers: [LayerRole: LayerEvidence], headSize: Int) {
        self.layers = layers
        self.headSize = headSize
    }

    /// What is known of a layer, which must be there.
    public subscript(role: LayerRole) -> LayerEvidence {
        guard let layer = layers[role] else { preconditionFailure("a block without \(role.label)") }
        return layer
    }
}

/// Scores of heads, neurons and whole blocks.
///
/// A head is seen as a gate ξ at its `size` columns of the layer after attention, a neuron as one at its
/// column of the second feed-forward layer, a block as one at all columns of both. With c_j = Σᵢ wᵢⱼ·∂L/∂wᵢⱼ
/// of a batch, ∂L/∂ξ is Σ c_j over the gate's columns.
///
/// | score | of a gate with columns J |
/// |---|---|
/// | magnitude | Σ w² of the columns, and of the rows that compute them |
/// | gradient | mean over batches of abs(∂L/∂ξ) (Michel, Levy and Neubig, 2019, equation 2) |
/// | fisher | mean over batches of (∂L/∂ξ)² / 2 (Kwon et al., 2022, equation 6) |
/// | wanda | Σ over J of ‖w_:j‖²·‖xⱼ‖²: the energy that the columns contribute |
/// | obs | Σ over J of ‖w_:j‖² / [H⁻¹]ⱼⱼ (Kurtic, Frantar and Alistarh, "ZipLM", 2023, the diagonal) |
/// | random | a random number |
enum StructuredScores {
    /// The scores of a pattern's units of one block: heads, neurons, or the block itself.
    static func scores(
        _ block: BlockEvidence, _ pattern: Pattern, _ score: PruningScore, name: String,
        random: inout CounterBasedRandom
    ) throws -> [Float] {
        func columns(_ role: LayerRole, feeding: [LayerRole]) throws -> [[Float]] {
            try Self.columns(
                block[role], feeding: feeding.map { block[$0] }, score, "\(name), \(role.label)", &random)
        }
        switch pattern {
        case .heads:
            return grouped(
                try columns(.attentionOutput, feeding: [.query, .key, .value]), block.headSize, score)
        case .neurons: return grouped(try columns(.feedForwardDown, feeding: [.feedForwardUp]), 1, score)
        case .block:
            let attention = try columns(.attentionOutput, feeding: [.query, .key, .value])
            let feedForward = try columns(.feedForwardDown, feeding: [.feedForwardUp])
            let both = zip(attention, feedForward).map { $0 + $1 }
            return grouped(both, both[0].count, score)
        case .dense, .units, .kept, .sublayer:
            throw Issue(
                .unsupported, .option("pattern"), found: "\(pattern)", allowed: "heads, neurons, block")
        }
    }

    /// The scores of units of consecutive columns of a layer.
    static func scores(
        ofColumns layer: LayerEvidence, unit: Int, _ score: PruningScore, name: String,
        random: inout CounterBasedRandom
    ) throws -> [Float] {
        grouped(try columns(layer, feeding: [], score, name, &random), unit, score)
    }

    /// One row for each batch where the score is made of gates' derivatives, else one row: what each column
    /// adds.
    private static func columns(
        _ layer: LayerEvidence, feeding: [LayerEvidence], _ score: PruningScore, _ name: String,
        _ random: inout CounterBasedRandom
    ) throws -> [[Float]] {
        switch score {
        case .gradient, .fisher:
            guard !layer.gates.isEmpty else {
                throw Issue(.missing, .other(name), field: "score \(score.rawValue)", found: "no gradients")
            }
            return layer.gates
        case .magnitude, .wanda, .obs, .random, .movement:
            let importance = try layer.importance(score, layer: name, random: &random)
            var sums = [Float](repeating: 0, count: importance.columns)
            importance.addColumnSums(to: &sums)
            if score == .magnitude {
                for layer in feeding {
                    for row in 0..<layer.weight.rows {
                        sums[row] += layer.weight.row(row).reduce(0) { $0 + $1 * $1 }
                    }
                }
            }
            return [sums]
        }
    }

    /// Adds columns up in groups, and the groups over the batches.
    private static func grouped(_ columns: [[Float]], _ size: Int, _ score: PruningScore) -> [Float] {
        var total = [Float](repeating: 0, count: columns[0].count / size)
        for row in columns {
            for group in total.indices {
                let sum = row[group * size..<(group + 1) * size].reduce(0, +)
                switch score {
                case .gradient: total[group] += abs(sum)
                case .fisher: total[group] += sum * sum / 2
                default: total[group] += sum
                }
            }
        }
        return total
    }
}

/// Chooses the heads, neurons or blocks that are removed.
public enum RemovalSelection {
    /// What stays of each block, by index: heads or neurons; with blocks, all or nothing of one unit.
    ///
    /// Of all units that there were, the fraction `sparsity` is gone then, exactly, within one; at least one
    /// head and one neuron of each block stay, and one block.
    ///
    /// - Parameters:
    ///   - blocks: what is known of those that are left.
    ///   - before: how many units each of them had before any was removed, one each where blocks are; those
    ///     of blocks that are gone included.
    ///   - scope: layer, the same fraction of each block, or global.
    /// - Throws: `Issue` for a score, a scope or a sparsity that make no sense.
    public static func kept(
        _ blocks: [BlockEvidence], of before: [Int], pattern: Pattern, score: PruningScore,
        sparsity: Double, scope: PruningScope, seed: UInt64
    ) throws -> [[Int]] {
        guard (0..<1).contains(sparsity) else {
            throw Issue(
                .outOfRange, .option("sparsity"), found: "\(sparsity)", allowed: "0 to below 1")
        }
        try pattern.require(score, scope)
        let all = before.reduce(0, +)
        let goal = rounded(all, sparsity)
        let most = all - (pattern == .block ? 1 : blocks.count)
        guard goal <= most else {
            throw Issue(
                .outOfRange, .option("sparsity"), found: "\(sparsity) of \(all) \(pattern)",
                allowed: "up to \(most) of them",
                advice: pattern == .block ? "one stays" : "one of each block stays")
        }
        var random = CounterBasedRandom(seed: seed, stream: .structureScores)
        let scores = try blocks.enumerated().map { index, block in
            try StructuredScores.scores(
                block, pattern, score, name: "block \(index)", random: &random)
        }
        guard scope == .global else { return perBlock(scores, sparsity, before) }
        let left = scores.reduce(0) { $0 + $1.count }
        let count = max(goal - (all - left), 0)
        if pattern == .block {
            return LowestScores.mark(count, of: scores.flatMap { $0 }).map { $0 ? [] : [0] }
        }
        return global(scores, count)
    }

    private static func rounded(_ count: Int, _ sparsity: Double) -> Int {
        Int((Double(count) * sparsity).rounded())
    }

    private static func perBlock(_ scores: [[Float]], _ sparsity: Double, _ before: [Int]) -> [[Int]] {
        var (seen, gone) = (0, 0)
        return zip(scores, before).map { scores, before in
            // Rounding is carried from block to block.
            seen += before
            gone += before - scores.count
            let count = min(max(rounded(seen, sparsity) - gone, 0), scores.count - 1)
            gone += count
            let marked = LowestScores.mark(count, of: scores)
            return scores.indices.filter { !marked[$0] }
        }
    }

    private static func global(_ scores: [[Float]], _ count: Int) -> [[Int]] {
        // The best unit of each block stays, whatever its score.
        let best = scores.map { block in block.indices.max { block[$0] < block[$1] } ?? 0 }
        let open = scores.enumerated().flatMap { block, scores in
            scores.indices.filter { $0 != best[block] }.map { (block: block, unit: $0) }
        }
        let gone = LowestScores.mark(count, of: open.map { scores[$0.block][$0.unit] })
        var kept = best.map { [$0] }
        for (place, isGone) in zip(open, gone) where !isGone { kept[place.block].append(place.unit) }
        return kept.map { $0.sorted() }
    }
}
