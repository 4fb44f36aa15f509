import Agents
import ChainProblem
import Environments
import Foundation
import Levels
import Runs
import Search
import Tensors
import Testing

/// Makes a few random layers of the best policy faster or slower, and keeps what is better.
private struct Wandering: Agent {
    struct Settings: AgentSettings {
        var changes = 3
        static let options: [AgentOption<Settings>] = [
            .count("changes", \.changes, 1...100, "How many layers a step changes.")
        ]
    }

    struct State: Codable, Sendable {
        var random: CounterBasedRandom
        var best: [Int]
        var bestReward: Double
    }

    static let name = "wandering"
    static let usesSensitivities = false
    let baseline = Double.nan
    var wantsMore: Bool { true }
    private(set) var state: State
    private let settings: Settings
    private let costs: LevelCosts
    private var plan: [Int] = []

    init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.costs = costs
        self.settings = settings
        state = State(random: CounterBasedRandom(seed: seed), best: [], bestReward: -.infinity)
    }

    mutating func restore(_ state: State) { self.state = state }

    mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 {
            plan = state.best.isEmpty ? costs.densePolicy : state.best
            for _ in 0..<settings.changes {
                let layer = Int.random(in: plan.indices, using: &state.random)
                plan[layer] = Int.random(in: costs.levels.indices, using: &state.random)
            }
            plan = costs.repaired(plan, to: observation.target) ?? plan
        }
        return observation.mask[plan[observation.layer]]
            ? plan[observation.layer] : observation.mask.firstIndex(of: true) ?? 0
    }

    mutating func finish(_ episode: Episode) {
        guard episode.terms.reward > state.bestReward else { return }
        (state.best, state.bestReward) = (episode.actions, episode.terms.reward)
    }
}

/// An agent from outside is one line in a registry: it is searched with, resumed and tuned as all others.
@Suite struct AddedAgentTests {
    private static let agents = AgentRegistry.standard.adding(Wandering.self)

    @Test func itIsSearchedWithAndResumed() throws {
        let (whole, stopped) = (try TemporaryFolder(), try TemporaryFolder())
        let options = ["changes": "2"]
        try search(whole.path, agent: "wandering", agents: Self.agents, options: options)
        try search(stopped.path, agent: "wandering", agents: Self.agents, options: options, stopAfter: 7)
        try resume(stopped.path, agents: Self.agents)
        #expect(try traceRows(stopped.path) == traceRows(whole.path))
        let header = try TraceFile.read(path: stopped.file("trace.h5")).0
        #expect(header.agent == "wandering" && header.agentOptions == options)
        // The usual registry is a value of its own.
        #expect(throws: Levels.Issue.self) { try resume(stopped.path) }
    }

    /// The largest networks: a checkpoint is written once a second.
    @Test func statesOfLargeNetworksAreSmallAndExact() throws {
        let toy = ChainEnvironment(layers: 72, problem: 1, budget: 100)
        var agent = AMC(costs: toy.costs, target: toy.usualTarget, budget: 8, seed: 1)
        for _ in 0..<4 {
            let (_, actions, terms) = try walk(toy, target: toy.usualTarget) { seen, _ in agent.act(seen) }
            agent.finish(Episode(actions: actions, terms: terms))
        }
        let start = ContinuousClock.now
        let data = try StateCoding.encode(agent.state)
        let read = try StateCoding.decode(AMC.State.self, from: data)
        let taken = ContinuousClock.now - start
        #expect(data.count < 6_000_000, "\(data.count) bytes")
        #expect(taken < .seconds(2), "\(taken)")
        var other = AMC(costs: toy.costs, target: toy.usualTarget, budget: 8, seed: 2)
        try other.restore(read)
        #expect(try StateCoding.encode(other.state) == data)
        for _ in 0..<2 {
            let one = try walk(toy, target: toy.usualTarget) { seen, _ in agent.act(seen) }
            let two = try walk(toy, target: toy.usualTarget) { seen, _ in other.act(seen) }
            #expect(one.actions == two.actions)
            agent.finish(Episode(actions: one.actions, terms: one.terms))
            other.finish(Episode(actions: two.actions, terms: two.terms))
        }
        let fewer = ChainEnvironment(layers: 71, problem: 1, budget: 1)
        var refusing = AMC(costs: fewer.costs, target: fewer.usualTarget, budget: 8, seed: 2)
        let damaged = #expect(throws: Levels.Issue.self) { try refusing.restore(read) }
        #expect(damaged?.code == .malformed && damaged?.advice == "its memory is not of 71 layers")
    }
}
