import ArgumentParser
import Foundation
import Levels
import ModelFiles
import Pruning
import Runs
import Search

/// `secateur apply`
struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prune a model with a learned policy and write it as a Hugging Face folder.",
        discussion: """
            With a run, the model must be the one that the run searched, and is calibrated as it was:

              secateur apply checkpoints/minilm-half models/minilm --output pruned

            With a policy alone, as `secateur export --format policy` writes it, perhaps elsewhere, the model must \
            have the same layers, and --train says what to calibrate on:

              secateur apply policy.json models/minilm --train text.txt --output pruned
            """)

    @Argument(
        help: ArgumentHelp("The run folder, or a policy file.", valueName: "run-or-policy"),
        completion: .file())
    var source: String

    @Argument(help: "The dense model's folder, or its GGUF file.", completion: .file())
    var model: String

    @Option(help: "The file to calibrate on. Default: the run's.", completion: .file())
    var train: String?

    @Option(
        help:
            "For a policy alone, what --train is: \(SearchTasks.standard.all.map(\.help).joined(separator: "; ")).",
        completion: .list(SearchTasks.standard.names), transform: taskName)
    var task: String?

    @Option(
        help: "For a policy alone, what layers are pruned by. Default: as the policy says, else obs.",
        completion: .list(PruningScore.unlabelled.map(\.rawValue)), transform: unlabelledScore)
    var solver: PruningScore?

    @OptionGroup(title: "For a policy alone")
    var sampling: SamplingOptions

    @OptionGroup var threading: ThreadOptions

    @OptionGroup var cacheOptions: CacheOptions

    @Option(help: "The folder to write; it must not exist.", completion: .directory)
    var output: OutputPath

    func run() throws {
        try output.require(.newFolder)
        let files = RunFiles(folder: source)
        let application = try files.holdsRun ? ofRun() : ofPolicy()
        if try files.holdsRun && files.recovery()?.isKept == true {
            Terminal.note(
                "\(source)/model was trained after it was pruned: \(output) will be as it was before that")
        }
        let line = ProgressLine()
        try application.apply(
            to: model, cache: cacheOptions.folder(ofRun: source), output: output.path, progress: line.show,
            note: Terminal.note)
        line.finish()
        print("The pruned model is in \(output)")
    }

    private func ofRun() throws -> PolicyApplication {
        let given = [
            ("task", task != nil), ("solver", solver != nil), ("seed", sampling.seed != nil),
            ("calibrationSentences", sampling.calibrationSentences != nil),
            ("rewardSentences", sampling.rewardSentences != nil),
        ]
        for (name, isGiven) in given where isGiven {
            throw Issue(.mismatch, .option(name), found: "with a run", allowed: "with a policy alone")
        }
        return try PolicyApplication(run: source, train: train, threads: threading.threads)
    }

    private func ofPolicy() throws -> PolicyApplication {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: source, isDirectory: &isFolder)
        let path = exists && isFolder.boolValue ? "\(source)/policy.json" : source
        let policy = try Policy(path: path)
        let solver = try solver ?? policy.solver.map { try Self.solver($0, path) } ?? .obs
        guard train != nil || solver.evidence == .nothing else {
            throw Issue(
                .missing, .option("train"), found: "none",
                allowed: "a file to calibrate on, which \(solver.rawValue) needs")
        }
        var options = SearchOptions(
            model: model, task: task ?? ModelArgument.usualTask(of: model), train: train ?? "",
            targetLatency: .fraction(1),
            threads: threading.threads)
        options.solver = solver
        sampling.set(&options)
        return PolicyApplication(policy, path: path, options: options)
    }

    private static func solver(_ name: String, _ path: String) throws -> PruningScore {
        guard let solver = PruningScore.unlabelled.first(where: { $0.rawValue == name }) else {
            let allowed = PruningScore.unlabelled.map(\.rawValue).joined(separator: ", ")
            throw Issue(.unsupported, .path(path), field: "solver", found: "'\(name)'", allowed: allowed)
        }
        return solver
    }
}
