import Levels
import Tensors
import Transformers

/// How often a model's pass is repeated in a round, before it is the next model's turn.
///
/// After another model's turn the caches hold what that one left, which a first pass makes good. A long pass
/// moves so much that its beginning hardly matters: one is enough.
struct PassRepetition: Sendable, Equatable {
    /// Passes that are not counted.
    let warmups: Int
    /// Passes that are.
    let passes: Int

    /// From where on a pass is long, in milliseconds.
    private static let longMs = 200.0

    init(passMs: Double) {
        let isLong = passMs >= Self.longMs
        warmups = isLong ? 0 : 1
        passes = isLong ? 1 : 3
    }

    /// Fits models that are to be measured alternating: runs each once, which also fetches its weights from
    /// memory for the first time. The slowest tells how long a pass is.
    init<Model: PrunableModel>(
        _ models: [(model: Model, memory: Model.PassMemory)], _ workload: Workload, pool: ThreadPool
    ) {
        let times = models.map { model, memory in
            Stopwatch.milliseconds { model.pass(workload, memory, pool: pool, times: nil) }
        }
        self.init(passMs: times.max() ?? 0)
    }

    /// All passes of a round.
    var count: Int { warmups + passes }

    /// Runs a round of a model.
    /// - Returns: the times of the passes that count, in milliseconds.
    func times<Model: PrunableModel>(
        of model: Model, _ workload: Workload, _ memory: Model.PassMemory, pool: ThreadPool,
        layers: LayerTimes? = nil
    ) -> [Double] {
        for _ in 0..<warmups { model.pass(workload, memory, pool: pool, times: nil) }
        return (0..<passes).map { _ in
            Stopwatch.milliseconds { model.pass(workload, memory, pool: pool, times: layers) }
        }
    }
}
