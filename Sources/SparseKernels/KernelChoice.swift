import Levels
import Tensors
import Transformers

/// Which kernel each pruned layer of a model runs on: that of its pattern, one of smaller units, or the dense
/// one, whichever was fastest in passes of the model.
///
///     let choice = KernelChoice(for: model, Workload(tokens: 8), pool: pool)
///     choice.model        // computes what the model does, to the last bit
///     choice.denseLayers  // the pruned layers that the dense kernel was faster for
///
/// All kernels of a layer sum in the same order, so that no result depends on what was measured. Layers of
/// one shape and pattern whose sparsities round to the same twentieth share their measurements and the
/// choice.
///
/// Costs a dense copy of the pruned layers meanwhile, and passes for about two seconds, or one round of them
/// where that takes longer.
public struct KernelChoice<Model: PrunableModel> {
    /// The model, each pruned layer on the kernel chosen for it.
    public let model: Model
    /// How many layers are pruned.
    public let prunedLayers: Int
    /// The names of those that run dense.
    public let denseLayers: [String]

    /// Measures a model on a workload, and chooses.
    public init(for model: Model, _ workload: Workload, pool: ThreadPool) {
        let layers = model.layerShapes.compactMap { shape in
            model.operators[shape.name].flatMap {
                CandidateLayer(name: shape.name, $0, bias: model.bias(of: shape.name), workload.phase)
            }
        }
        let medians = Self.measure(model, layers, workload, pool)
        let chosen = layers.map { ($0.name, $0.operators[Self.fastest(medians[$0.kind] ?? [])]) }
        self.model = model.replacing(Dictionary(uniqueKeysWithValues: chosen))
        prunedLayers = layers.count
        denseLayers = zip(layers, chosen).filter { $0.0.operators.last === $0.1.1 }.map(\.0.name)
    }

    private static var rounds: Int { 5 }
    private static var passes: Int { 2 }
    private static var patienceMs: Double { 2000 }
    /// What another kernel must save for the pattern's own to be left.
    private static var leastGain: Double { 0.03 }

    private static func fastest(_ medians: [Double]) -> Int {
        guard let own = medians.first,
            let best = medians.indices.min(by: { medians[$0] < medians[$1] })
        else { return 0 }
        return medians[best] < own * (1 - leastGain) ? best : 0
    }

    /// Times passes with the first operator of every layer, with the second and so on, in turn.
    /// - Returns: the median of each operator, in milliseconds.
    private static func measure(
        _ model: Model, _ layers: [CandidateLayer], _ workload: Workload, _ pool: ThreadPool
    ) -> [CandidateLayer.Kind: [Double]] {
        guard let most = layers.map(\.operators.count).max() else { return [:] }
        let variants = (0..<most).map { number in
            model.replacing(
                Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0.operators[$0.index(number)]) }))
        }
        let memory = model.memory(for: workload, threads: pool.threads)
        let repetition = PassRepetition(workload, warmups: 1, passes: passes)
        let times = variants.map { _ in LayerTimes() }
        var spentMs = 0.0
        for round in 0..<rounds where round == 0 || spentMs < patienceMs {
            for (variant, times) in zip(variants, times) {
                spentMs += Stopwatch.milliseconds {
                    _ = repetition.times(of: variant, memory, pool: pool, layers: times)
                }
            }
        }
        var samples: [CandidateLayer.Kind: [[Double]]] = [:]
        for layer in layers {
            for (number, times) in times.enumerated() {
                samples[layer.kind, default: layer.operators.map { _ in [] }][layer.index(number)] +=
                    times.milliseconds[layer.name] ?? []
            }
        }
        return samples.mapValues { $0.map { Percentiles($0).median } }
    }
}

/// A pruned layer and the operators that it could run on.
private struct CandidateLayer {
    /// What layers have in common that take the same time.
    struct Kind: Hashable {
        let rows: Int
        let columns: Int
        let unit: UnitShape
        /// In twentieths.
        let sparsity: Int
    }

    let name: String
    let kind: Kind
    /// The present one first, the dense one last.
    let operators: [any LinearOperator]

    /// nil for a layer that no other kernel could compute to the same bits.
    init?(name: String, _ present: any LinearOperator, bias: [Float], _ phase: Workload.Phase) {
        guard let exchange = (present as? any ExchangeableOperator)?.exchange(in: phase) else { return nil }
        let weight = exchange.weight
        self.name = name
        kind = Kind(
            rows: weight.rows, columns: weight.columns, unit: exchange.unit,
            sparsity: Int((weight.sparsity * 20).rounded()))
        operators = [present] + exchange.alternatives(bias)
    }

    /// Which operator a variant of the model has here: one number after the other, then the last.
    func index(_ variant: Int) -> Int { min(variant, operators.count - 1) }
}
