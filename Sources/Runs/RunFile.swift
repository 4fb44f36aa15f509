/// The files of a run folder.
public enum RunFile: String, Sendable, CaseIterable {
    /// Every option; the only copy.
    case options = "run.json"
    /// What a search continues from.
    case checkpoint = "checkpoint.h5"
    /// The checkpoint before.
    case previousCheckpoint = "checkpoint.previous.h5"
    /// A row for each evaluated policy.
    case trace = "trace.h5"
    /// The latency table.
    case latency = "latency.h5"
    /// Latencies, sizes and sensitivities.
    case costs = "costs.json"
    /// Sensitivities that were taken over from another run.
    case sensitivities = "sensitivities.json"
    /// The policy, and what was measured.
    case policy = "policy.json"
    /// What the run came to.
    case summary = "summary.json"
    /// What training of the pruned model came to.
    case recovery = "recovery.json"
    /// What that training continues from.
    case recoveryCheckpoint = "recovery.checkpoint.h5"
    /// The report.
    case report = "report.html"
    /// The folder of the pruned model.
    case model
}
