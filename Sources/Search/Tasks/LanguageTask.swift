import Evaluation
import Levels
import Models
import Runs
import Tensors
import Transformers

/// `lm`: agreement of next-token distributions with the dense model, on plain text.
public struct LanguageTask: SearchTask {
    public init() {}

    /// `lm`
    public let name = "lm"
    public let help = "lm (a language model's agreement with the dense one, by KL divergence; plain text)"
    public let isLabelled = false

    /// The windows to calibrate on.
    public func calibration(_ options: SearchOptions, for model: DecoderModel) throws -> [[Int32]] {
        try parts(options, model)[0]
    }

    /// The training text, cut into windows.
    public func data(
        _ options: SearchOptions, for model: DecoderModel, pool: ThreadPool
    ) throws -> SearchData<Decoder> {
        let parts = try parts(options, model)
        func task(_ windows: [[Int32]]) -> DivergenceTask {
            DivergenceTask(windows: windows, dense: model.network, pool: pool)
        }
        return SearchData(calibration: parts[0], reward: task(parts[1]), check: task(parts[2]))
    }

    /// Perplexity on the file's windows.
    public func validation(
        _ options: SearchOptions, file: String, of model: DecoderModel, dense: DecoderModel, pool: ThreadPool
    ) throws -> any ModelTask<Decoder> {
        let windows = try model.windows(ofText: file, context: DecoderModel.windowTokens)
        return PerplexityTask(windows: Array(windows.prefix(options.validationWindows)))
    }

    /// Perplexity; and where there is a model to compare with, the divergence from it.
    public func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult {
        let model = try DecoderModel(path: request.model, precision: request.precision)
        guard request.context <= model.maximumTokens else {
            throw Issue(
                .outOfRange, .option("context"), found: "\(request.context)",
                allowed: "\(model.maximumTokens) at most")
        }
        let all = try model.windows(ofText: request.data, context: request.context)
        let chosen = Array(all.prefix(request.windows ?? all.count))
        let task = PerplexityTask(windows: chosen)
        let found =
            request.precision == .float32
            ? task.evaluate(model.network, pool: request.pool, progress: request.progress)
            : task.evaluateDecoding(model.network, pool: request.pool, progress: request.progress)
        var result = EvaluationResult(
            metric: task.metric, value: found.value, count: found.count,
            further: [.init("secondHalf", label: "second halves", found.secondHalf)])
        if let against = request.against {
            let dense = try DecoderModel(path: against, precision: .float32)
            let compared = DivergenceTask(windows: chosen, dense: dense.network, pool: request.pool)
                .evaluate(model.network, pool: request.pool)
            result.further += [
                .init("divergence", label: "KL divergence", compared.divergence),
                .init("agreement", label: "the same token likeliest", compared.agreement),
            ]
        }
        return result
    }

    /// Windows to calibrate on, to compute rewards on, and to pick the final policy by.
    private func parts(_ options: SearchOptions, _ model: DecoderModel) throws -> [[[Int32]]] {
        var random = CounterBasedRandom(seed: options.seed, stream: .dataParts)
        let windows = try model.windows(ofText: options.train, context: DecoderModel.windowTokens)
            .shuffled(using: &random)
        return Parts.cut(
            windows, [options.calibrationWindows, options.rewardWindows, options.checkWindows], least: 1)
    }
}
