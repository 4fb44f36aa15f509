/// Runs side by side, for `secateur compare`.
public struct RunComparison {
    /// One run; fields that only a finished one has are nil before.
    public struct Row: Encodable, Sendable {
        let run: String
        let model: String
        let agent: String
        let seed: UInt64
        let evaluations: Int
        let finished: Bool
        let targetFraction: Double?
        let latencyMs: Double?
        let denseLatencyMs: Double?
        let speedup: Double?
        let targetMet: Bool?
        let quality: Double?
        let checkedQuality: Double?
        let reward: Double?
        let sizeBytes: Int?
        let denseSizeBytes: Int?
        let sparsity: Double?
        let validation: Double?
    }

    /// As many as there are colors and marks to tell them apart.
    public static let mostRuns = 8

    /// One for each run.
    public let rows: [Row]

    /// Compares runs.
    public init(_ runs: [RunRecord]) {
        rows = runs.map { run in
            let (summary, best) = (run.summary, run.best?.terms)
            let target = run.targetMs.flatMap { target in run.costs.map { target / $0.denseLatencyMs } }
            return Row(
                run: run.name, model: run.options.model, agent: run.options.agent, seed: run.options.seed,
                evaluations: run.rows.count, finished: summary != nil, targetFraction: target,
                latencyMs: summary?.prunedMs, denseLatencyMs: summary?.denseMs, speedup: summary?.speedup,
                targetMet: summary?.targetMet, quality: summary?.quality ?? best?.quality,
                checkedQuality: summary?.checkedQuality, reward: summary?.reward ?? best?.reward,
                sizeBytes: summary?.sizeBytes ?? best?.sizeBytes, denseSizeBytes: summary?.denseSizeBytes,
                sparsity: run.sparsity, validation: summary?.validation?.pruned)
        }
    }

    /// The columns of ``cells``.
    public static let headings = [
        "run", "agent", "seed", "evaluations", "target", "latency / dense", "latency", "quality", "reward",
        "size", "zeros",
    ]

    /// The rows as text; a dash for what is not known yet.
    public var cells: [[String]] {
        rows.map { row in
            func text(_ value: Double?, _ places: Int) -> String {
                value.map { Figures.decimal($0, places) } ?? "–"
            }
            return [
                row.run, row.agent, "\(row.seed)", "\(row.evaluations)", text(row.targetFraction, 3),
                text(row.speedup.map { 1 / $0 }, 3), row.latencyMs.map(Figures.milliseconds) ?? "–",
                text(row.checkedQuality ?? row.quality, 4), text(row.reward, 4),
                row.sizeBytes.map(Figures.megabytes) ?? "–", row.sparsity.map(Figures.percent) ?? "–",
            ]
        }
    }
}
