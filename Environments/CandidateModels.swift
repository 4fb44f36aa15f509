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
    private let database: LevelDatabase
    private let phase: Workload.Phase
    private let mostBytes: Int
    private let packed = Mutex([[Int]: any LinearOperator]())

    /// Takes the dense model and its database.
    ///
    /// - Parameters:
    ///   - phase: what layers are packed for.
    ///   - mostBytes: how large the packed layers that are kept may grow.
    /// - Throws: ``PruningError`` when the database was made for other layers.
    public init(
        dense: Model, database: LevelDatabase, for phase: Workload.Phase = .prefill,
        mostBytes: Int = 768 << 20
    ) throws {
        guard database.layers == dense.layerShapes else {
            throw PruningError("level database", "found layers of another model")
        }
        self.dense = dense
        self.database = database
        self.phase = phase
        self.mostBytes = mostBytes
    }

    /// The model in which each layer is at the level of a policy.
    public func model(_ actions: [Int], pool: ThreadPool) throws -> Model {
        precondition(actions.count == database.layers.count)
        let missing = packed.withLock { packed in
            actions.indices.filter { actions[$0] != 0 && packed[[$0, actions[$0]]] == nil }
        }
        let failure = Mutex<(any Error)?>(nil)
        pool.forEach(count: missing.count) { index in
            let layer = missing[index]
            do {
                let operation = try pack(layer, actions[layer])
                packed.withLock { $0[[layer, actions[layer]]] = operation }
            } catch {
                failure.withLock { $0 = error }
            }
        }
        packed.withLock { packed in
            guard packed.values.reduce(0, { $0 + $1.sizeBytes }) > mostBytes else { return }
            packed = packed.filter { actions[$0.key[0]] == $0.key[1] }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        var operators: [String: any LinearOperator] = [:]
        packed.withLock { packed in
            for (layer, shape) in database.layers.enumerated() {
                operators[shape.name] = packed[[layer, actions[layer]]]
            }
        }
        return dense.replacing(operators)
    }

    /// The pruned weights of a policy, by layer name; dense layers are left out.
    public func weights(_ actions: [Int]) throws -> [String: Matrix] {
        var weights: [String: Matrix] = [:]
        for (layer, shape) in database.layers.enumerated() where actions[layer] != 0 {
            weights[shape.name] = try database.weight(layer: layer, level: actions[layer])
        }
        return weights
    }

    private func pack(_ layer: Int, _ level: Int) throws -> any LinearOperator {
        let name = database.layers[layer].name
        return Packing.pack(
            weight: try database.weight(layer: layer, level: level), bias: dense.bias(of: name),
            pattern: database.levels[level].pattern, for: phase)
    }
}
