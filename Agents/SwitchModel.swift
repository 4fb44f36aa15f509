import Environments
import Levels

/// What the effects of all switches at one policy say of the others: the loss of a level of a layer is
/// Q_l(a) = slope_l(a) + κ·curvature_l(a), with κ as trust region.
struct SwitchModel: Sendable, Codable {
    /// How κ moves, and when steps end.
    struct Trust: Sendable, Equatable, Codable {
        /// By what κ is multiplied or divided.
        var factor = 2.0
        /// Where it stays.
        var range = 0.25...64.0
        /// The share of the expected gain from which a step counts as foreseen.
        var foreseen = 0.5
        /// Steps that may fail in a row before episodes take over.
        var mostFailures = 3
        /// Episodes after which effects are asked for again at a better policy.
        var every = 12
    }

    /// Whether the next step is the model's; else episodes are learned from.
    private(set) var leads = true
    /// The policy that the effects are of, and what it gave.
    private(set) var at: [Int] = []
    private(set) var reward = 0.0
    /// By how much the step that was proposed should be better than ``at``.
    var expectedGain = 0.0
    private var slope: [[Double]] = []
    private var curvature: [[Double]] = []
    private var trust = 1.0
    private var failures = 0
    private var takenAt = 0
    private var isSupported = true

    /// Starts without effects.
    init() {}

    /// Whether it has effects.
    var isInformed: Bool { !slope.isEmpty }

    /// Q, relative to dense: [layer][level].
    func losses(in levels: LevelSet) -> [[Double]] {
        zip(slope, curvature).map { slope, curvature in
            let loss = zip(slope, curvature).map { $0 + trust * $1 }
            return loss.map { $0 - loss[levels.dense] }
        }
    }

    /// Judges the step by what it gave.
    mutating func judge(_ reward: Double, isBest: Bool, _ settings: Trust) {
        guard leads, isInformed else { return }
        if isBest {
            failures = 0
            if reward - self.reward > settings.foreseen * expectedGain { trust /= settings.factor }
            trust = max(trust, settings.range.lowerBound)
        } else {
            tighten(settings)
        }
    }

    /// Steps less far; after some failures in a row, no more.
    mutating func tighten(_ settings: Trust) {
        trust *= settings.factor
        failures += 1
        if failures >= settings.mostFailures || trust > settings.range.upperBound || !isInformed {
            leads = false
        }
    }

    /// Whether effects at the policy that was just evaluated would tell more.
    func isWanted(isBest: Bool, episode: Int, _ settings: Trust) -> Bool {
        isSupported && isBest && (leads || episode >= takenAt + settings.every)
    }

    /// Takes the effects at a policy.
    mutating func take(_ effects: LevelEffects, at: [Int], reward: Double, episode: Int) {
        (slope, curvature) = (effects.slope, effects.curvature)
        (self.at, self.reward, takenAt) = (at, reward, episode)
    }

    /// Leads again, for another target, where it can.
    mutating func restart() {
        guard isSupported else { return }
        (leads, failures, trust) = (true, 0, 1)
    }

    /// Does without effects.
    mutating func giveUp() {
        leads = false
        isSupported = false
    }

    // MARK: State

    /// Refuses one of other layers or levels.
    func require(fit costs: LevelCosts) throws {
        guard isInformed else { return }
        try costs.requirePolicies([at], "the policies of its model")
        try costs.requireTable(slope, "the slope of its model")
        try costs.requireTable(curvature, "the curvature of its model")
    }
}
