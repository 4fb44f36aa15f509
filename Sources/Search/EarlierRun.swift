import Agents
import Environments
import Foundation
import Levels
import Runs
import SparseKernels

/// A run that another search starts from: for another target, or on other hardware.
///
/// How much quality each layer loses at each level is a property of the model and the data, not of the
/// machine: it is taken over, as is the level database where the cache has it. Only latency is measured
/// again.
struct EarlierRun {
    private let files: RunFiles
    private let costs: LevelCosts
    private let identity: [String: String]

    /// Reads a run.
    /// - Throws: `Issue` when the folder holds no run whose search had begun.
    init(folder: String) throws {
        files = RunFiles(folder: folder)
        guard let costs = try files.storedCosts(), files.holdsCheckpoint else {
            throw Issue(
                .missing, .path(folder), found: "no run whose search had begun", allowed: "one to start from")
        }
        self.costs = costs
        identity = try files.identity()
    }

    /// What may be taken over for a search; nil when the run's agent had no use for sensitivities, so that
    /// none were estimated.
    /// - Throws: `Issue` when the run was about another model, other data, another solver or task.
    func sensitivities<Model>(for inputs: SearchInputs<Model>) throws -> StoredSensitivities? {
        let own = inputs.identity
        for field in Set(own.keys).union(identity.keys).sorted() where own[field] != identity[field] {
            let (found, allowed) = (identity[field] ?? "nothing", own[field] ?? "nothing")
            throw Issue(
                .mismatch, .path(files.folder), field: .part(field), found: "\(found.prefix(12))",
                allowed: "\(allowed.prefix(12)) as in this search")
        }
        // Before output errors had a table of their own, such agents found them under the name of
        // sensitivities.
        let agent = try inputs.components.agents.agent(named: files.options().agent)
        guard agent.usesSensitivities, costs.hasSensitivities else { return nil }
        return StoredSensitivities(
            run: files.folder, layers: costs.layers, levels: costs.levels,
            values: costs.sensitivity,
            evaluations: costs.accounting.sensitivityTokens / costs.accounting.tokensPerEvaluation)
    }
}
