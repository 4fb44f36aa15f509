import Runs
import Search
import Yams

extension Search {
    /// Options that say where and how results are shown, which a repetition chooses anew.
    static let notRepeated: Set<String> = ["output", "overwrite", "serve", "json"]

    /// The file that repeats this search: every option, those at their defaults included, with the latencies
    /// that are measured in it.
    func configuration(_ options: SearchOptions, output: String) throws -> String {
        var pairs: [(String, Node)] = [
            ("model", Self.text(options.model)), ("task", Self.text(options.task)),
            ("train", Self.text(options.train)),
            ("target-latency", Self.plain("\(options.targetLatencies)")), ("agent", Self.text(options.agent)),
            ("budget", Self.plain("\(options.budget)")), ("threads", Self.plain("\(options.threads)")),
            ("tokens", Self.plain("\(options.tokens)")),
            ("latency-of", Self.text(options.latencyOf.rawValue)),
            ("levels", Self.text(options.levels.map(\.description).joined(separator: ","))),
            ("seed", Self.plain("\(options.seed)")),
            ("solver", Self.text(options.solver.rawValue)),
            ("calibration-sentences", Self.plain("\(options.calibrationSentences)")),
            ("reward-sentences", Self.plain("\(options.rewardSentences)")),
            ("quality-weight", Self.plain("\(options.weights.quality)")),
            ("latency-weight", Self.plain("\(options.weights.latency)")),
            ("size-weight", Self.plain("\(options.weights.size)")), ("cache", Self.text(cacheOptions.folder)),
            ("latency-table", Self.text(RunFiles(folder: output).path(.latency))),
        ]
        let settings = options.agentOptions.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        pairs.append(("agent-option", Self.text(settings.joined(separator: ","))))
        if let from { pairs.append(("from", Self.text(from))) }
        if let metric = options.metric { pairs.append(("metric", Self.text(metric.rawValue))) }
        if let validation = options.validation { pairs.append(("validation", Self.text(validation))) }
        if let size = options.targetSize { pairs.append(("target-size", Self.plain("\(size)"))) }
        if let steps = options.finetuneSteps { pairs.append(("finetune-steps", Self.plain("\(steps)"))) }
        let body = try serialize(node: Node(pairs.map { (Node($0), $1) }), width: -1, allowUnicode: true)
        return """
            # What repeats this search, with the latencies that it measured:
            #   secateur search --config \(RunFiles(folder: output).path(.configuration)) --output ANOTHER

            """ + body
    }

    /// A text, in quotes where it could be taken for something else.
    private static func text(_ text: String) -> Node {
        Node(text, Tag(.str), Double(text) == nil ? .any : .doubleQuoted)
    }

    /// A number or the like, as it is.
    private static func plain(_ text: String) -> Node { Node(text, .implicit, .plain) }
}
