import Agents
import ArgumentParser
import Evaluation
import Foundation
import Levels
import Models
import Runs
import Search
import Tensors

/// How well what rewards of STS can be made of tells the score on other data: over policies that searches
/// evaluated, the rank correlation of each with Spearman on STS-B's dev pairs.
struct RewardStudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rewards",
        abstract: "How well rewards of STS tell which policies are better on other data.",
        discussion: """
            Rank correlations over policies of finished searches, such as those of `search`. Example:

              Benchmarks rewards checkpoints/searchers/minilm/0.25-100/spdy-*
            """)

    @Argument(help: "Run folders of searches with --task sts.")
    var runs: [String]

    @Option(help: "How many policies of each run, evenly spaced.")
    var policies = 24

    @Option(parsing: .upToNextOption, help: "Numbers of pairs that rewards are computed on.")
    var pairs = [80, 300]

    @Option(help: "The folder with the data.")
    var data = "../shared/data"

    @Option(help: "Folder of level databases.")
    var cache = "checkpoints/searchers/minilm/cache"

    /// What a policy has by each reward, and on the data that it is told from.
    private struct Scores {
        var rewards: [Double] = []
        let heldOut: Double
    }

    /// What the weight of labels in a reward is; the rest is fidelity.
    private static let weights = [1, 0.5, 0.2, 0]

    func validate() throws {
        guard !runs.isEmpty else { throw ValidationError("found no run, allowed one or more run folders") }
        guard policies > 2 else { throw ValidationError("--policies: found \(policies), allowed 3 or more") }
        guard let least = pairs.min(), least > 2 else {
            throw ValidationError("--pairs: found \(pairs), allowed numbers of 3 or more")
        }
    }

    func run() throws {
        let correlations = try runs.map { try correlate($0) }
        print("\n| labels | pairs | rank correlation with dev, each run | mean |\n|---|---|---|---|")
        let kinds = pairs.flatMap { count in Self.weights.map { (count, $0) } }
        for (number, (count, weight)) in kinds.enumerated() {
            let values = correlations.map { $0[number] }
            let each = values.map { String(format: "%.2f", $0) }.joined(separator: ", ")
            print(String(format: "| %.0f %% | %d | %@ | %.2f |", 100 * weight, count, each, values.mean))
        }
    }

    /// For each number of pairs and weight, over the policies of a run.
    private func correlate(_ folder: String) throws -> [Double] {
        let files = RunFiles(folder: folder)
        let options = try files.options()
        guard options.task == SimilarityTask().name, let rows = try files.trace()?.rows, rows.count > 2 else {
            throw Issue(.missing, .path(folder), found: "no trace of a search with --task sts")
        }
        let inputs = try SearchInputs(options, task: SimilarityTask())
        let preparation = try SearchPreparation(inputs, cache: cache, files: files)
        let (model, pool) = (inputs.model, inputs.pool)
        var random = CounterBasedRandom(seed: options.seed, stream: .rewardStudy)
        let train = try Datasets.scoredPairs(path: "\(data)/stsb/train.tsv").shuffled(using: &random)
        let heldOut = STSTask(
            pairs: try Datasets.scoredPairs(path: "\(data)/stsb/dev.tsv"), tokenizer: model.sentences)
        let rewards = pairs.map { count -> (STSTask, FidelityTask) in
            let labelled = STSTask(
                pairs: Array(train.prefix(count)), tokenizer: model.sentences)
            let dense = model.encoder.embed(labelled.sequences, pool: pool)
            return (labelled, FidelityTask(sequences: labelled.sequences, denseEmbeddings: dense))
        }
        let step = max(1, rows.count / policies)
        let chosen = Array(stride(from: 0, to: rows.count, by: step).prefix(policies))
        let scores = try chosen.enumerated().map { number, row -> Scores in
            FileHandle.standardError.write(Data("\(folder): \(number + 1) of \(chosen.count)\n".utf8))
            let pruned = try preparation.candidates.model(rows[row].actions, pool: pool)
            var scores = Scores(heldOut: heldOut.score(pruned, pool: pool))
            for (labelled, fidelity) in rewards {
                let embeddings = pruned.embed(labelled.sequences, pool: pool)
                let (own, agreement) = (labelled.score(embeddings), fidelity.score(embeddings))
                scores.rewards += Self.weights.map { $0 * own + (1 - $0) * agreement }
            }
            return scores
        }
        return (0..<pairs.count * Self.weights.count).map { kind in
            Correlation.spearman(scores.map { $0.rewards[kind] }, scores.map(\.heldOut))
        }
    }
}
