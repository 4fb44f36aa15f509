import Environments
import Foundation
import Levels
import Runs
import Search
import Tensors

/// The search of one instruction set for one target: a run folder, finished or not.
struct HardwareRun: Equatable {
    let isa: InstructionSet
    /// The fraction of its own dense latency to reach.
    let target: Double
    private let study: Shared

    /// What is the same for all searches of a study.
    private struct Shared: Equatable {
        let model, task, train, levels, secateur, output: String
        let budget, tokens: Int
        let seed: UInt64
        let rewardSentences: Int?
    }

    init(isa: InstructionSet, target: Double, study: HardwareStudy) {
        (self.isa, self.target) = (isa, target)
        self.study = Shared(
            model: study.model, task: study.task, train: study.train, levels: study.levels,
            secateur: study.secateur, output: study.output, budget: study.budget, tokens: study.tokens,
            seed: study.seed, rewardSentences: study.rewardSentences)
    }

    /// The run folder.
    var folder: String { "\(study.output)/\(isa.rawValue)-\(target)" }

    private var files: RunFiles { RunFiles(folder: folder) }
    private var cache: String { "\(study.output)/cache" }
    private var prunedFolder: String { "\(study.output)/pruned" }

    /// Whether nothing is left to search.
    /// - Throws: `Issue` for a run that was asked for something else.
    func isFinished() throws -> Bool {
        guard files.holdsRun else { return false }
        try requireSameOptions()
        return try files.finishedSummary() != nil
    }

    /// Searches, or continues where a search was stopped.
    func search() throws {
        let program = SecateurProgram(path: study.secateur)
        if files.holdsRun {
            try program.run(["resume", folder, "--json"], on: isa)
        } else {
            try program.run(arguments, on: isa)
        }
    }

    private var arguments: [String] {
        [
            "search", study.model, "--task", study.task, "--train", study.train, "--threads", "1",
            "--tokens", "\(study.tokens)", "--target-latency", "\(target)", "--levels", study.levels,
            "--budget", "\(study.budget)", "--seed", "\(study.seed)", "--recover", "none", "--cache", cache,
            "--output", folder, "--json",
        ] + (study.rewardSentences.map { ["--reward-sentences", "\($0)"] } ?? [])
    }

    private func requireSameOptions() throws {
        let found = try files.options()
        let levels = try LevelSet(study.levels)
        let pairs: [(String, String, String)] = [
            ("model", found.model, study.model), ("task", found.task, study.task),
            ("train", found.train, study.train), ("budget", "\(found.budget)", "\(study.budget)"),
            ("seed", "\(found.seed)", "\(study.seed)"), ("tokens", "\(found.tokens)", "\(study.tokens)"),
            (
                "levels", found.levels.map(\.description).joined(separator: ","),
                levels.map(\.description).joined(separator: ",")
            ),
            (
                "rewardSentences", "\(found.rewardSentences)",
                "\(study.rewardSentences ?? found.rewardSentences)"
            ),
        ]
        for (name, found, asked) in pairs where found != asked {
            throw Issue(
                .mismatch, .path(folder), field: .part(name), found: found,
                allowed: "\(asked), or another --output")
        }
    }

    /// The level of each layer that was learned.
    func policy() throws -> [Level] { try files.policy().layers.map(\.level) }

    /// The layers, in the order of computation.
    func layers() throws -> [String] { try files.policy().layers.map(\.layer) }

    /// Latencies and losses of levels on this instruction set.
    func costs() throws -> LevelCosts {
        guard let costs = try files.storedCosts() else {
            throw Issue(.missing, .path(folder), found: "no costs of levels")
        }
        return costs
    }

    /// Prunes the model to other levels, by what the search pruned layers to, once.
    ///
    /// - Returns: the folder of the pruned model.
    func prune(to levels: [Level]) throws -> String {
        let pruned = "\(prunedFolder)/\(PolicyMeasurements.name(of: levels))"
        guard !FileManager.default.fileExists(atPath: pruned) else { return pruned }
        let policy = Policy(layers: zip(try layers(), levels).map { .init(layer: $0, level: $1) })
        try PolicyApplication(policy, path: pruned, options: files.options()).apply(
            to: study.model, cache: cache, output: pruned)
        return pruned
    }

    /// Removes what ``prune(to:)`` wrote.
    func removePruned() throws {
        guard FileManager.default.fileExists(atPath: prunedFolder) else { return }
        try FileManager.default.removeItem(atPath: prunedFolder)
    }
}
