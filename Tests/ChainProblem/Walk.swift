import Environments
import Levels

/// Walks one episode; `choose` picks among the unmasked levels.
package func walk(
    _ environment: any Environment, target: Target, choose: (Observation, [Int]) -> Int
) throws -> (observations: [Observation], actions: [Int], terms: RewardTerms) {
    var observations: [Observation] = []
    var actions: [Int] = []
    var observation = try environment.reset(target: target)
    while true {
        observations.append(observation)
        let allowed = observation.mask.indices.filter { observation.mask[$0] }
        precondition(
            !allowed.isEmpty, "layer \(observation.layer) has no level that can still meet the target")
        let action = choose(observation, allowed)
        actions.append(action)
        switch try environment.step(action) {
        case .next(let next): observation = next
        case .terminated(let terms): return (observations, actions, terms)
        }
    }
}
