/// What a search is asked for: a latency that is known in milliseconds and as a fraction of dense, and a
/// size.
///
///     let target = Target(.fraction(0.5), denseLatencyMs: 12)
///     target.latencyMs  // 6
///     target.fraction   // 0.5
public struct Target: Sendable, Equatable, Codable {
    /// End-to-end latency of one pass, in milliseconds, at most.
    public let latencyMs: Double
    /// What the dense model takes, in milliseconds.
    public let denseLatencyMs: Double
    /// Size of the pruned layers and the rest, in bytes, at most; nil for no limit.
    public let sizeBytes: Int?

    /// Sets a target in milliseconds.
    public init(latencyMs: Double, denseLatencyMs: Double, sizeBytes: Int? = nil) {
        self.latencyMs = latencyMs
        self.denseLatencyMs = denseLatencyMs
        self.sizeBytes = sizeBytes
    }

    /// Sets a target as it was asked for.
    public init(_ latency: LatencyTarget, denseLatencyMs: Double, sizeBytes: Int? = nil) {
        let latencyMs =
            switch latency {
            case .fraction(let fraction): fraction * denseLatencyMs
            case .milliseconds(let value): value
            }
        self.init(latencyMs: latencyMs, denseLatencyMs: denseLatencyMs, sizeBytes: sizeBytes)
    }

    /// The latency as a fraction of dense.
    public var fraction: Double { latencyMs / denseLatencyMs }

    /// The same but for the latency.
    public func with(latencyMs: Double) -> Target {
        Target(latencyMs: latencyMs, denseLatencyMs: denseLatencyMs, sizeBytes: sizeBytes)
    }
}
