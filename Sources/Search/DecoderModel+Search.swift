import Evaluation
import Export
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Transformers

extension DecoderModel: SearchableModel {
    /// A window.
    public static let standardTokens = SearchOptions.windowTokens
    /// Few, as there are hundreds of layers; in 8 bits for decoding, where time goes into fetching weights.
    public static func standardLevels(for phase: Workload.Phase) -> LevelSet {
        switch phase {
        case .prefill: .coarse
        case .decode: .coarse.with(.int8)
        }
    }

    /// Both.
    public static func computes(_ phase: Workload.Phase) -> Bool { true }

    /// The longest text, in tokens.
    public var maximumTokens: Int { network.configuration.maximumTokens }

    /// `llama` or `gpt2`
    public var architecture: String { network.configuration.architecture.rawValue }

    /// SHA-256 of the weights, of all files where there are several.
    public func digest() throws -> String {
        switch network.checkpoint.container {
        case .gguf(let file): return try FileDigest.sha256(path: file.path)
        case .folder(let folder):
            let digests = try folder.files.map { try FileDigest.sha256(path: $0.path) }
            return digests.count == 1 ? digests[0] : FileDigest.sha256(.init(digests.joined().utf8))
        }
    }

    /// The windows to calibrate on.
    public func calibrationData(_ options: SearchOptions) throws -> [[Int32]] {
        try parts(options)[0]
    }

    /// The training text, cut into windows.
    public func searchData(_ options: SearchOptions, pool: ThreadPool) throws -> SearchData<Decoder> {
        let parts = try parts(options)
        func task(_ windows: [[Int32]]) -> DivergenceTask {
            DivergenceTask(windows: windows, dense: network, pool: pool)
        }
        return SearchData(calibration: parts[0], reward: task(parts[1]), check: task(parts[2]))
    }

    /// Windows to calibrate on, to compute rewards on, and to pick the final policy by.
    private func parts(_ options: SearchOptions) throws -> [[[Int32]]] {
        try Self.require(options.task, path)
        var random = CounterBasedRandom(seed: options.seed, stream: .dataParts)
        let windows = try windows(ofText: options.train, context: SearchOptions.windowTokens)
            .shuffled(using: &random)
        return Parts.cut(
            windows, [options.calibrationWindows, options.rewardWindows, options.checkWindows], least: 1)
    }

    /// Perplexity on the file's windows.
    public func validationTask(
        _ options: SearchOptions, path: String, dense: DecoderModel, pool: ThreadPool
    ) throws -> any ModelTask<Decoder> {
        try Self.require(options.task, self.path)
        let windows = try windows(ofText: path, context: SearchOptions.windowTokens)
        return PerplexityTask(windows: Array(windows.prefix(options.validationWindows)))
    }

    private static func require(_ task: SearchOptions.Task, _ path: String) throws {
        guard task == .lm else {
            throw SearchFailure(
                "\(path): found a language model, which has no task \(task.rawValue): allowed is lm")
        }
    }

    /// Writes a GGUF file into the folder where the model is one, else a Hugging Face folder.
    public func write(_ weights: [String: Matrix], to folder: String) throws {
        let export = DecoderExport(model: network, tokenizer: tokenizer, replacing: weights)
        switch network.checkpoint.container {
        case .gguf: try export.writeGGUF(encoding: .f32, toFolder: folder)
        case .folder: try export.writeFolder(to: folder)
        }
    }
}
