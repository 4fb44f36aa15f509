/// What learning did after an episode, for the trace; NaN where an agent has no such thing.
public struct LearningRecord: Sendable, Equatable {
    /// The loss that the policy's parameters were moved by, or what the critic leaves unexplained, squared.
    public var loss = Double.nan
    /// Mean entropy of the policy at a layer, in nats.
    public var entropy = Double.nan
    /// Euclidean norm of the step that the policy's parameters were asked to take, before clipping.
    public var gradientNorm = Double.nan
    /// Reward minus what the critic expected of this very policy.
    public var criticError = Double.nan
    /// λ: what a millisecond costs, in reward.
    public var price = Double.nan

    /// Nothing learned.
    public init() {}
}
