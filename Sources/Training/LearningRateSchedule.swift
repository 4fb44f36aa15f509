/// Linear warm-up to the peak, then linear decay to 0 (Devlin et al., 2018).
public struct LearningRateSchedule: Sendable, Equatable {
    /// The highest rate.
    public let peak: Float
    /// Steps until it is reached.
    public let warmUpSteps: Int
    /// Steps in all.
    public let steps: Int

    /// Sets a schedule; warm-up is a fraction of the steps.
    public init(peak: Float, steps: Int, warmUp: Double = 0.1) {
        self.peak = peak
        self.steps = steps
        warmUpSteps = max(Int((Double(steps) * warmUp).rounded()), 1)
    }

    /// The rate of a step, counted from 0.
    public func rate(_ step: Int) -> Float {
        if step < warmUpSteps { return peak * Float(step + 1) / Float(warmUpSteps) }
        return peak * Float(max(steps - step, 0)) / Float(max(steps - warmUpSteps, 1))
    }
}
