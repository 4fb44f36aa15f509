import Agents
import Environments
import Foundation
import Levels
import SparseKernels

/// A run that another search starts from: for another target, or on other hardware.
///
/// How much quality each layer loses at each level is a property of the model and the data, not of the
/// machine: it is taken over, as is the level database where the cache has it. Only latency is measured anew.
struct EarlierRun {
    private let files: RunFiles
    private let costs: LevelCosts
    private let identity: [String: String]
    /// What searched there.
    private var agent: AgentKind { get throws { try AgentKind(name: try files.options().agent) } }

    /// Reads a run.
    /// - Throws: ``SearchFailure`` or `SearchError` when the folder holds no run whose search had begun.
    init(folder: String) throws {
        files = RunFiles(folder: folder)
        guard let costs = try files.storedCosts(), files.holdsCheckpoint else {
            throw SearchFailure("\(folder): found no run whose search had begun, which --from needs")
        }
        self.costs = costs
        identity = try SearchRun.identity(folder: folder)
    }

    /// What may be taken over for a search; nil when the run's agent had no use for sensitivities, so that
    /// none were estimated.
    /// - Throws: ``SearchFailure`` when the run was about another model, other data, another solver or task.
    func sensitivities<Model>(for inputs: SearchInputs<Model>) throws -> StoredSensitivities? {
        let own = inputs.identity
        for field in Set(own.keys).union(identity.keys).sorted() where own[field] != identity[field] {
            let (found, allowed) = (identity[field] ?? "nothing", own[field] ?? "nothing")
            throw SearchFailure(
                "\(files.folder): \(field): found \(found.prefix(12)), allowed \(allowed.prefix(12)) "
                    + "as in this search")
        }
        // Before output errors had a table of their own, such agents found them under the name of
        // sensitivities.
        guard try agent.type.usesSensitivities, costs.hasSensitivities else { return nil }
        return StoredSensitivities(
            run: files.folder, layers: costs.layers, levels: costs.levels,
            values: costs.sensitivity,
            evaluations: costs.accounting.sensitivityTokens / costs.accounting.tokensPerEvaluation)
    }
}

/// Sensitivities that were estimated in another run; `sensitivities.json`.
struct StoredSensitivities: Codable, Equatable {
    /// The folder of the run that they are from.
    let run: String
    /// Layer names.
    let layers: [String]
    /// Levels.
    let levels: LevelSet
    /// [layer][level]
    let values: [[Double]]

    /// How many evaluations it took to estimate them.
    let evaluations: Int

    /// Whether they are for these layers and levels.
    func fit(layers: [String], levels: LevelSet) -> Bool {
        self.layers == layers && self.levels == levels && values.count == layers.count
            && values.allSatisfy { $0.count == levels.count && $0.allSatisfy { $0 >= 0 } }
    }
}
