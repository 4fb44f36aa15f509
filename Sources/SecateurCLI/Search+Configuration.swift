import Search
import Yams

extension Search {
    /// Options that say where and how results are shown, which a repetition chooses anew.
    static let notRepeated: Set<String> = ["output", "overwrite", "serve", "json"]

    /// The file that repeats this search: every option, those at their defaults included, with the latencies
    /// that are measured in it.
    func configuration(output: String) throws -> String {
        var pairs: [(String, Node)] = [
            ("model", Self.text(model)), ("task", Self.text(task.rawValue)), ("train", Self.text(train)),
            ("target-latency", Self.plain("\(targetLatency)")), ("agent", Self.text(agent)),
            ("budget", Self.plain("\(budget)")), ("threads", Self.plain("\(machine.threads)")),
            ("tokens", Self.plain("\(machine.tokens ?? task.modelType.standardTokens)")),
            ("latency-of", Self.text(latencyOf.rawValue)), ("seed", Self.plain("\(seed)")),
            ("solver", Self.text(solver.rawValue)),
            ("calibration-sentences", Self.plain("\(calibrationSentences)")),
            ("reward-sentences", Self.plain("\(rewardSentences)")),
            ("quality-weight", Self.plain("\(qualityWeight)")),
            ("latency-weight", Self.plain("\(latencyWeight)")),
            ("size-weight", Self.plain("\(sizeWeight)")), ("cache", Self.text(cacheOptions.cache)),
            ("latency-table", Self.text(RunFiles(folder: output).path("latency.h5"))),
        ]
        if let validation { pairs.append(("validation", Self.text(validation))) }
        if let targetSize { pairs.append(("target-size", Self.plain("\(targetSize)"))) }
        let body = try serialize(node: Node(pairs.map { (Node($0), $1) }), width: -1, allowUnicode: true)
        return """
            # What repeats this search, with the latencies that it measured:
            #   secateur search --config \(RunFiles(folder: output).path("config.yaml")) --output ANOTHER

            """ + body
    }

    /// A text, in quotes where it could be taken for something else.
    private static func text(_ text: String) -> Node {
        Node(text, Tag(.str), Double(text) == nil ? .any : .doubleQuoted)
    }

    /// A number or the like, as it is.
    private static func plain(_ text: String) -> Node { Node(text, .implicit, .plain) }
}
