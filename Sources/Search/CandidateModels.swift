import Levels
import Pruning
import SparseKernels
import Synchronization
import Tensors
import Transformers

/// Puts pruned models together from a level database, layer by layer.
///
/// A packed layer is kept once it was used, so that a candidate costs next to nothing but its evaluation;
/// when those kept grow too large, all but the present candidate's are dropped.
public final class CandidateModels<Model: PrunableModel>: Sendable {
    private let dense: Model
    private let weights: LevelWeights
    private let formats: LevelFormats
    private let phase: Workload.Phase
    private let mostBytes: Int
    private let packed = Mutex([[Int]: any LinearOperator]())

    /// Takes the dense model and the weights of its levels.
    ///
    /// - Parameters:
    ///   - phase: what layers are packed for.
    ///   - mostBytes: how large the packed layers that are kept may grow.
    /// - Throws: `Issue` when the weights are of other layers, or for a level
    ///   that no format makes.
    public init(
        dense: Model, weights: LevelWeights, for phase: Workload.Phase = .prefill,
        formats: LevelFormats = .standard, mostBytes: Int = 768 << 20
    ) throws {
        guard weights.layers == dense.layerShapes else {
            throw Issue(
                .mismatch, .other("level database"), found: "layers of another model",
                allowed: "those of this one")
        }
        try formats.require(weights.levels)
        self.dense = dense
        self.weights = weights
        self.formats = formats
        self.phase = phase
        self.mostBytes = mostBytes
    }

    /// The model in which each layer is at the level of a policy.
    public func model(_ actions: [Int], pool: ThreadPool) throws -> Model {
        precondition(actions.count == weights.layers.count)
        let missing = packed.withLock { packed in
            actions.indices.filter {
                actions[$0] != weights.levels.dense && packed[[$0, actions[$0]]] == nil
            }
        }
        let made = try pool.map(count: missing.count) { try pack(missing[$0], actions[missing[$0]]) }
        packed.withLock { packed in
            for (layer, operation) in zip(missing, made) { packed[[layer, actions[layer]]] = operation }
            guard packed.values.reduce(0, { $0 + $1.sizeBytes }) > mostBytes else { return }
            packed = packed.filter { actions[$0.key[0]] == $0.key[1] }
        }
        var operators: [String: any LinearOperator] = [:]
        packed.withLock { packed in
            for (layer, shape) in weights.layers.enumerated() {
                operators[shape.name] = packed[[layer, actions[layer]]]
            }
        }
        return dense.replacing(operators)
    }

    /// What is left of the weights of a policy, by layer name; dense layers are left out.
    public func weights(_ actions: [Int]) throws -> [String: PrunedWeight] {
        var pruned: [String: PrunedWeight] = [:]
        for (layer, shape) in weights.layers.enumerated() where !weights.isUnchanged(actions[layer]) {
            pruned[shape.name] = try weights.weight(layer: layer, level: actions[layer])
        }
        return pruned
    }

    private func pack(_ layer: Int, _ level: Int) throws -> any LinearOperator {
        let (name, chosen) = (weights.layers[layer].name, weights.levels[level])
        let weight =
            weights.isUnchanged(level)
            ? PrunedWeight(try dense.weight(of: name)) : try weights.weight(layer: layer, level: level)
        return try formats.pack(
            chosen, weight: weight.matrix, bias: weight.bias(of: dense.bias(of: name)), for: phase)
    }
}
