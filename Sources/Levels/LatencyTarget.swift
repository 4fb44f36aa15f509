/// A latency to reach, as it is asked for; ``Target`` has it in milliseconds too.
public enum LatencyTarget: Sendable, Codable, Equatable, CustomStringConvertible {
    /// A fraction of the dense model's, in (0, 1].
    case fraction(Double)
    /// Milliseconds.
    case milliseconds(Double)

    /// Reads `0.5` or `12ms`; nil for anything else.
    public init?(_ text: String) {
        if text.hasSuffix("ms") {
            guard let value = Double(text.dropLast(2)), value.isFinite, value > 0 else { return nil }
            self = .milliseconds(value)
        } else {
            guard let value = Double(text), value > 0, value <= 1 else { return nil }
            self = .fraction(value)
        }
    }

    /// What it is read from.
    public var description: String {
        switch self {
        case .fraction(let fraction): "\(fraction)"
        case .milliseconds(let value): "\(value)ms"
        }
    }
}

/// One latency to reach, or a range of them.
public struct LatencyTargets: Sendable, Equatable, CustomStringConvertible {
    private static let separator = "..."

    /// The least latency of the range, or the only one.
    public let strictest: LatencyTarget
    /// The greatest latency of the range; nil for one target.
    public let mildest: LatencyTarget?

    /// One target, or a range where the mild end is more in the same unit.
    public init(_ strictest: LatencyTarget, mildest: LatencyTarget?) {
        self.strictest = strictest
        let isMore: Bool
        switch (strictest, mildest) {
        case (.fraction(let least), .fraction(let most)): isMore = least < most
        case (.milliseconds(let least), .milliseconds(let most)): isMore = least < most
        default: isMore = false
        }
        self.mildest = isMore ? mildest : nil
    }

    /// Reads `0.5`, `12ms`, `0.25...0.8` or `6ms...12ms`; nil for anything else.
    public init?(_ text: String) {
        guard let middle = text.firstRange(of: Self.separator) else {
            guard let only = LatencyTarget(text) else { return nil }
            self.init(only, mildest: nil)
            return
        }
        guard let strictest = LatencyTarget(String(text[..<middle.lowerBound])),
            let mildest = LatencyTarget(String(text[middle.upperBound...]))
        else { return nil }
        self.init(strictest, mildest: mildest)
        guard self.mildest != nil else { return nil }
    }

    /// Whether a target's latency is one of them.
    public func contains(_ target: Target) -> Bool {
        let ends = [strictest, mildest ?? strictest].map {
            Target($0, denseLatencyMs: target.denseLatencyMs).latencyMs
        }
        return (ends[0] * (1 - 1e-9)...ends[1] * (1 + 1e-9)).contains(target.latencyMs)
    }

    /// What it is read from.
    public var description: String {
        mildest.map { "\(strictest)\(Self.separator)\($0)" } ?? "\(strictest)"
    }
}
