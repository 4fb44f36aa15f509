import ChainProblem
import Environments
import Levels
import Testing

/// What any environment must do, as Stable-Baselines3's `check_env` has it.
///
/// - Parameters:
///   - target: One that can be met, and that the dense model does not.
///   - budget: What `make` gives each environment; at least 3.
///   - make: Makes an environment that has spent nothing.
func checkEnvironment(target: Target, budget: Int, make: () throws -> any Environment) throws {
    try checkContract(target: target, budget: budget, try make())
    try checkMasks(target: target, try make())
    try checkDeterminism(target: target, try make(), try make())
    try checkBudget(target: target, budget: budget, try make())
}

/// What observations and terms say must be what the tables say.
private func checkContract(target: Target, budget: Int, _ environment: any Environment) throws {
    let costs = environment.costs
    #expect(environment.evaluationsLeft == budget)
    #expect(throws: Levels.Issue.noEpisode) { _ = try environment.step(0) }
    let (observations, actions, terms) = try walk(environment, target: target) { $1[$1.count / 2] }
    #expect(environment.evaluationsLeft == budget - 1)
    #expect(observations.map(\.layer) == Array(costs.layers.indices))
    #expect(Set(observations.map(\.features.count)).count == 1)
    var spentMs = costs.overheadMs
    for observation in observations {
        let layer = observation.layer
        #expect(observation.actions == Array(actions.prefix(layer)))
        #expect(observation.target == target)
        #expect(observation.mask.count == costs.levels.count)
        #expect(observation.features.allSatisfy { $0.isFinite })
        #expect(abs(observation.remainingLatencyMs - (target.latencyMs - spentMs)) < 1e-6 * target.latencyMs)
        #expect((observation.remainingSizeBytes == nil) == (target.sizeBytes == nil))
        spentMs += costs.latencyMs[layer][actions[layer]]
    }
    #expect(abs(terms.latencyMs - costs.latencyMs(of: actions)) < 1e-6 * target.latencyMs)
    #expect(terms.sizeBytes == costs.sizeBytes(of: actions))
    #expect(terms.reward.isFinite && terms.quality.isFinite)
    #expect(throws: Levels.Issue.noEpisode) { _ = try environment.step(0) }
    #expect(throws: Levels.Issue.self) {
        try environment.reset(target: costs.target(latencyMs: costs.leastLatencyMs * 0.99))
    }
    #expect(throws: Levels.Issue.self) {
        try environment.reset(
            target: costs.target(latencyMs: target.latencyMs, sizeBytes: costs.leastSizeBytes - 1))
    }
}

/// A masked action throws and leaves the episode as it was; unmasked ones always end within the target.
private func checkMasks(target: Target, _ environment: any Environment) throws {
    let costs = environment.costs
    var observation = try environment.reset(target: target)
    var masked = 0
    for layer in costs.layers.indices {
        for level in [-1] + observation.mask.indices + [costs.levels.count]
        where !observation.mask.indices.contains(level) || !observation.mask[level] {
            if observation.mask.indices.contains(level) { masked += 1 }
            #expect(throws: Levels.Issue.self) { _ = try environment.step(level) }
        }
        // The slowest allowed level brings the limit near soonest.
        let allowed = observation.mask.indices.filter { observation.mask[$0] }
        let slowest = try #require(allowed.max { costs.latencyMs[layer][$0] < costs.latencyMs[layer][$1] })
        switch try environment.step(slowest) {
        case .next(let next): observation = next
        case .terminated(let terms): #expect(terms.latencyMs <= target.latencyMs * (1 + 1e-9))
        }
    }
    #expect(masked > 0, "the target should be below the dense latency")
    var random = SystemRandomNumberGenerator()
    let (_, _, terms) = try walk(environment, target: target) { $1.randomElement(using: &random) ?? 0 }
    #expect(terms.latencyMs <= target.latencyMs * (1 + 1e-9))
    if let size = target.sizeBytes { #expect(terms.sizeBytes <= size) }
}

/// The same actions give the same observations and terms, also when an episode was left half-way before.
private func checkDeterminism(
    target: Target, _ first: any Environment, _ second: any Environment
) throws {
    let one = try walk(first, target: target) { $1[$0.layer % $1.count] }
    let abandoned = try second.reset(target: target)
    _ = try second.step(try #require(abandoned.mask.lastIndex(of: true)))
    for environment in [second, first] {
        let other = try walk(environment, target: target) { $1[$0.layer % $1.count] }
        #expect(other.observations.map(\.features) == one.observations.map(\.features))
        #expect(other.observations.map(\.mask) == one.observations.map(\.mask))
        #expect(other.actions == one.actions)
        #expect(other.terms == one.terms)
    }
}

/// Exactly as many policies are evaluated as were paid for.
private func checkBudget(target: Target, budget: Int, _ environment: any Environment) throws {
    for spent in 0..<budget {
        #expect(environment.evaluationsLeft == budget - spent)
        _ = try walk(environment, target: target) { $1[spent % $1.count] }
    }
    #expect(environment.evaluationsLeft == 0)
    #expect(throws: Levels.Issue.spentBudget(budget)) {
        _ = try walk(environment, target: target) { $1[0] }
    }
}
