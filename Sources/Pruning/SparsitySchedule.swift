import Foundation

/// How a sparsity is reached while a model is trained.
public enum PruningSchedule: String, CaseIterable, Sendable, Codable {
    /// All at once, then training.
    case oneShot = "one-shot"
    /// In rounds, with training after each; each round drops the same fraction of what is left (Frankle and
    /// Carbin, 2019).
    case iterative
    /// During one training run, by the cubic schedule (Zhu and Gupta, 2017).
    case gradual

    /// The sparsity after a round of several, from 1: 1 − (1 − s)^(round/rounds).
    public static func sparsity(afterRound round: Int, of rounds: Int, final: Double) -> Double {
        1 - pow(1 - final, Double(round) / Double(rounds))
    }
}

/// s(t) = s_f·(1 − (1 − t)³) with t from 0 at the end of the warm-up to 1 at the start of the cool-down
/// (Zhu and Gupta, "To prune, or not to prune", 2017, equation 1, from an initial sparsity of 0).
public struct CubicSchedule: Sendable, Equatable {
    /// s_f.
    public let final: Double
    /// The fraction of the steps before anything is dropped.
    public let warmUp: Double
    /// The fraction of the steps after everything is dropped.
    public let coolDown: Double

    /// Sets a schedule.
    public init(final: Double, warmUp: Double = 0.1, coolDown: Double = 0.3) {
        precondition((0..<1).contains(final) && warmUp >= 0 && coolDown >= 0 && warmUp + coolDown < 1)
        self.final = final
        self.warmUp = warmUp
        self.coolDown = coolDown
    }

    /// The sparsity once a fraction of the steps is done.
    public func sparsity(at progress: Double) -> Double {
        let t = min(max((progress - warmUp) / (1 - warmUp - coolDown), 0), 1)
        return final * (1 - pow(1 - t, 3))
    }
}
