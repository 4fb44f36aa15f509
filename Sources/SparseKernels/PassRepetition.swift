import Levels
import Tensors
import Transformers

/// How often a model's pass is repeated in a round, before it is the next model's turn.
///
/// After another model's turn the caches hold what that one left, which a first pass makes good. A long pass
/// moves so much that its beginning hardly matters: one is enough. Of a workload with lengths, every pass has its turn.
struct PassRepetition: Sendable, Equatable {
    /// Passes that are not counted.
    let warmups: Int
    /// Passes that are.
    let passes: [Workload]
    /// Whether passes differ, or are made up of several calls of each layer: then times are added up.
    private let isMixed: Bool
    private let hasLengths: Bool

    /// From where on a pass is long, in milliseconds.
    private static let longMs = 200.0

    init(_ workload: Workload, warmups: Int, passes: Int) {
        self.warmups = warmups
        self.passes = workload.lengths == nil ? (0..<passes).map { _ in workload } : workload.passes
        hasLengths = workload.lengths != nil
        isMixed = hasLengths || workload.batch > 1
    }

    init(_ workload: Workload, passMs: Double) {
        let isLong = passMs >= Self.longMs
        self.init(workload, warmups: isLong ? 0 : 1, passes: isLong ? 1 : 3)
    }

    /// Fits models that are to be measured alternating: runs each once, which also fetches its weights from
    /// memory for the first time. The slowest tells how long a pass is.
    init<Model: PrunableModel>(
        _ models: [(model: Model, memory: Model.PassMemory)], _ workload: Workload, pool: ThreadPool
    ) {
        let times = models.map { model, memory in
            let passes = workload.passes
            return Stopwatch.milliseconds {
                for pass in passes { model.pass(pass, memory, pool: pool, times: nil) }
            } / Double(passes.count)
        }
        self.init(workload, passMs: times.max() ?? 0)
    }

    /// All passes of a round.
    var count: Int { warmups + passes.count }

    /// Runs a round of a model.
    /// - Returns: the times of the passes that count, in milliseconds.
    func times<Model: PrunableModel>(
        of model: Model, _ memory: Model.PassMemory, pool: ThreadPool, layers: LayerTimes? = nil
    ) -> [Double] {
        for _ in 0..<warmups { model.pass(passes[0], memory, pool: pool, times: nil) }
        let own = isMixed ? layers.map { _ in LayerTimes() } : layers
        let times = passes.map { pass in
            Stopwatch.milliseconds { model.pass(pass, memory, pool: pool, times: own) }
        }
        if isMixed, let layers, let own { layers.append(own, over: passes.count) }
        return times
    }

    /// How many times each layer has in a round.
    var layerSamples: Int { isMixed ? 1 : passes.count }

    /// Of the times of a round, those that medians are taken of: all, or the mean where passes differ.
    func samples(_ round: [Double]) -> [Double] {
        hasLengths ? [round.reduce(0, +) / Double(round.count)] : round
    }
}
