/// How long a pruned model is trained: `10m`, `90s`, or `500` steps.
public enum RecoveryLength: Sendable, Equatable, CodedAsText {
    /// Steps.
    case steps(Int)
    /// About as many seconds: as many steps as the first ones let expect.
    case seconds(Double)

    /// What texts are read.
    public static let form = "minutes such as 10m, seconds such as 90s, or a number of steps"

    /// Reads a text of that form; nil for anything else.
    public init?(_ text: String) {
        for (suffix, factor) in [("m", 60.0), ("s", 1)] where text.hasSuffix(suffix) {
            guard let value = Double(text.dropLast()), value > 0, value.isFinite else { return nil }
            self = .seconds(value * factor)
            return
        }
        guard let steps = Int(text), steps > 0 else { return nil }
        self = .steps(steps)
    }

    /// What it is read from.
    public var description: String {
        switch self {
        case .steps(let steps): "\(steps)"
        case .seconds(let seconds):
            seconds.truncatingRemainder(dividingBy: 60) == 0
                ? "\(Int(seconds / 60))m" : "\(seconds)s".replacing(".0s", with: "s")
        }
    }
}
