import Agents
import Foundation
import Levels
import Runs
import Search

/// A model that searchers are compared on, and what is asked for it by default.
struct StudiedModel: NamedChoice {
    let name: String
    let folder: String
    let task: String
    let targets: [String]
    let budgets: [Int]
    let seeds: [UInt64]
    /// The target and the budget that all searchers are compared at; nil where a search takes too long for
    /// that.
    let widest: (target: String, budget: Int)?
    /// Whether more of the score is better.
    let higherIsBetter: Bool

    static let all = [
        StudiedModel(
            name: "minilm", folder: "models/minilm", task: "sts", targets: ["0.25", "0.18", "0.14"],
            budgets: [100, 400], seeds: [1, 2, 3, 4, 5], widest: ("0.25", 100), higherIsBetter: true),
        StudiedModel(
            name: "smollm2", folder: "models/smollm2", task: "lm", targets: ["0.6"], budgets: [100, 200],
            seeds: [1, 2], widest: nil, higherIsBetter: false),
    ]

    /// What is chosen from, the same on every machine: for encoders what a search takes where whole numbers are fast,
    /// with heads, neurons and sublayers for agents that choose them.
    func levels(for agent: String) throws -> LevelSet {
        guard task != LanguageTask().name else { return .coarse }
        func integers(_ pattern: Pattern, _ sparsities: [Double]) -> [Level] {
            sparsities.map { Level(pattern: pattern, sparsity: $0, precision: .int8) }
        }
        let blocks = [Pattern.rowBlock2, .rowBlock4].flatMap {
            integers($0, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        }
        let whole = try LevelSet(
            [.dense, .dense.with(.int8)] + integers(.unstructured, [0.6, 0.7, 0.8, 0.9]) + blocks)
        return try AgentRegistry.standard.agent(named: agent).choosesStructure
            ? whole.addingStructure() : whole
    }

    /// The searchers that are compared everywhere: the default, the best of what the field has, and what
    /// costs nothing.
    private static let contenders: [String] = [
        NaturalGradient.name, SPDY.name, EvoPress.name, AutoScheme.name, Uniform.name,
    ]

    /// Those of them that do the same whatever the budget: they are compared at the first.
    private static let budgetless: Set<String> = [Uniform.name]

    /// The searchers that are compared at a target and a budget, by default.
    func agents(target: String, budget: Int) -> [String] {
        let isWidest = widest.map { $0 == (target, budget) } ?? false
        let agents = isWidest ? AgentRegistry.standard.names : Self.contenders
        return agents.filter { budget == budgets[0] || !Self.budgetless.contains($0) }
    }

    /// The folder of everything about the model below the study's, made where it is missing.
    func runs(in output: String) throws -> String {
        let folder = "\(output)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Bytes of the text that perplexity is reported on, a little more than forty windows of 512 tokens.
    private static let validationBytes = 85_000

    /// The files for calibration and reward, and for reporting; text is cut in two, which goes to `folder`.
    func files(data: String, folder: String) throws -> (train: String, validation: String) {
        guard task == "lm" else { return ("\(data)/stsb/train.tsv", "\(data)/stsb/dev.tsv") }
        let parts = (train: "\(folder)/train.txt", validation: "\(folder)/validation.txt")
        guard !FileManager.default.fileExists(atPath: parts.train) else { return parts }
        let text = try String(contentsOfFile: "\(data)/text/wikitext2-valid.txt", encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var bytes = 0
        let count = lines.prefix { line in
            bytes += line.utf8.count + 1
            return bytes <= Self.validationBytes
        }.count
        let (validation, train) = (lines[..<count], lines[count...])
        try validation.joined(separator: "\n").write(
            toFile: parts.validation, atomically: true, encoding: .utf8)
        try train.joined(separator: "\n").write(toFile: parts.train, atomically: true, encoding: .utf8)
        return parts
    }
}
