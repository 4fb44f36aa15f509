import Levels

/// Requests that an environment refuses.
extension Issue {
    /// No policy is as fast as the target asks.
    public static func impossibleLatency(_ target: Target, of costs: LevelCosts) -> Issue {
        Issue(
            .outOfRange, .option("targetLatency"), found: Self.milliseconds(target.latencyMs),
            allowed: "\(Self.milliseconds(costs.leastLatencyMs)) or more, the fastest policy's",
            advice:
                "dense takes \(Self.milliseconds(costs.denseLatencyMs)), unless other programs slowed the "
                + "measurement")
    }

    /// No policy is as small as the target asks.
    public static func impossibleSize(_ bytes: Int, of costs: LevelCosts) -> Issue {
        Issue(
            .outOfRange, .option("targetSize"), found: "\(bytes) bytes",
            allowed: "\(costs.leastSizeBytes) or more")
    }

    /// An action is out of range or masked.
    public static func invalidAction(_ action: Int, layer: String, mask: [Bool]) -> Issue {
        Issue(
            .outOfRange, .other("layer '\(layer)'"), found: "action \(action)",
            allowed: "\(mask.indices.filter { mask[$0] })")
    }

    /// `step` without an episode that runs.
    public static let noEpisode = Issue(
        .missing, .other("step"), found: "no episode", advice: "call reset first")

    /// The evaluation budget is spent.
    public static func spentBudget(_ budget: Int) -> Issue {
        Issue(.outOfRange, .option("budget"), advice: "all of the \(budget) evaluations are spent")
    }

    /// To a microsecond, and to a nanosecond where the whole is less than a millisecond.
    private static func milliseconds(_ value: Double) -> String {
        let steps = value < 1 ? 1e6 : 1e3
        return "\((value * steps).rounded() / steps) ms"
    }
}
