import Runs

/// The options of `secateur search`, by their names.
enum SearchOption: String, CaseIterable {
    case model, task, metric, train
    case targetLatency = "target-latency"
    case targetSize = "target-size"
    case maxDrop = "max-drop"
    case agent
    case agentOption = "agent-option"
    case budget, threads, tokens, workload
    case qualityWeight = "quality-weight"
    case latencyWeight = "latency-weight"
    case sizeWeight = "size-weight"
    case spaceWeight = "space-weight"
    case latencyTable = "latency-table"
    case validation
    case recover
    case cache
    case latencyOf = "latency-of"
    case levels, seed
    case calibrationSentences = "calibration-sentences"
    case rewardSentences = "reward-sentences"
    case solver, output, overwrite, serve, json, config, help

    /// How an option is given.
    enum Kind {
        /// By name, with a value.
        case option
        /// By name alone.
        case flag
        /// By its place.
        case positional
    }

    /// How this one is given.
    var kind: Kind {
        switch self {
        case .model: .positional
        case .overwrite, .json, .help: .flag
        default: .option
        }
    }

    /// Whether a file may hold it: not what says which file that is.
    var isOfFile: Bool { ![.config, .help].contains(self) }

    /// As it is typed; the model by its place.
    func argument(_ value: String) -> String {
        switch kind {
        case .option: "--\(rawValue)=\(value)"
        case .flag: "--\(rawValue)"
        case .positional: value
        }
    }

    /// Whether latency is of one sequence of so many tokens, which both options can say.
    private static func isOfTokens(_ options: SearchOptions) -> Bool {
        options.workloadChoice == .fixed(tokens: options.tokens, batch: 1)
    }

    /// The option that says the same in another way: one is given.
    var alternative: SearchOption? {
        switch self {
        case .tokens: .workload
        case .workload: .tokens
        default: nil
        }
    }

    /// The value that repeats a run; nil where it has none, and for where and how a new one is written and
    /// shown.
    func value(in run: RunFiles, _ options: SearchOptions) throws -> String? {
        switch self {
        case .model: options.model
        case .task: options.task
        case .metric: options.metric?.rawValue
        case .train: options.train
        case .targetLatency: "\(options.targetLatencies)"
        case .targetSize: options.targetSize.map { "\($0)" }
        case .maxDrop: options.maxDrop.map { "\($0)" }
        case .agent: options.agent
        case .agentOption:
            options.agentOptions.isEmpty
                ? nil
                : options.agentOptions.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    .joined(separator: ",")
        case .budget: "\(options.budget)"
        case .threads: "\(options.threads)"
        case .tokens: Self.isOfTokens(options) ? "\(options.tokens)" : nil
        case .workload: Self.isOfTokens(options) ? nil : "\(options.workloadChoice)"
        case .qualityWeight: "\(options.weights.quality)"
        case .latencyWeight: "\(options.weights.latency)"
        case .sizeWeight: "\(options.weights.size)"
        case .spaceWeight: "\(options.weights.space)"
        case .latencyTable: run.holdsLatencies ? run.path(.latency) : nil
        case .validation: options.validation
        case .recover: options.recover.map { "\($0)" } ?? "none"
        case .cache: try run.cache()
        case .latencyOf: options.latencyOf.rawValue
        case .levels: options.levels.map(\.description).joined(separator: ",")
        case .seed: "\(options.seed)"
        case .calibrationSentences: "\(options.calibrationSentences)"
        case .rewardSentences: "\(options.rewardSentences)"
        case .solver: options.solver.rawValue
        case .output, .overwrite, .serve, .json, .config, .help: nil
        }
    }
}
