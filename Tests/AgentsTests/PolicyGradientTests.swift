import ChainProblem
import Environments
import Tensors
import Testing

@testable import Agents

@Suite struct PolicyGradientTests {
    // MARK: Parts

    @Test(arguments: [MultilayerPerceptron.Activation.tanh, .relu])
    func theNetworksGradientAgreesWithCentralDifferences(activation: MultilayerPerceptron.Activation) {
        var random = CounterBasedRandom(seed: 4)
        let network = MultilayerPerceptron(sizes: [3, 6, 5, 2], activation: activation, using: &random)
        func matrix(_ columns: Int) -> Matrix {
            Matrix(
                rows: 4, columns: columns, elements: (0..<4 * columns).map { _ in Float(random.nextNormal()) }
            )
        }
        let (input, slope) = (matrix(3), matrix(2))
        func loss(_ network: MultilayerPerceptron) -> Double {
            zip(network.forward(input).output.elements, slope.elements).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
        let gradient = network.backward(network.forward(input), outputGradient: slope).parameters
        let step: Float = 2e-3
        var (largest, count) = (0.0, 0)
        for array in network.parameters.indices {
            for index in network.parameters[array].indices {
                var (more, less) = (network, network)
                more.parameters[array][index] += step
                less.parameters[array][index] -= step
                let difference = (loss(more) - loss(less)) / Double(2 * step)
                largest = max(largest, abs(difference - Double(gradient[array][index])))
                count += 1
            }
        }
        #expect(count == 3 * 6 + 6 + 6 * 5 + 5 + 5 * 2 + 2)
        #expect(largest < 5e-3)
    }

    @Test func advantagesAreThoseOfTheEquation() {
        // With γ = 0.9 and V = (0.5, 1, 0.25): δ = 0.9·1 − 0.5 = 0.4, 0.9·0.25 − 1 = −0.775, 2 − 0.25 = 1.75;
        // with γλ = 0.45: Â₃ = 1.75, Â₂ = −0.775 + 0.45·1.75 = 0.0125, Â₁ = 0.4 + 0.45·0.0125 = 0.405625.
        let found = PPO.advantages(
            rewards: [0, 0, 2], values: [0.5, 1, 0.25], discount: 0.9, traceDecay: 0.5)
        for (found, expected) in zip(found, [0.405625, 0.0125, 1.75]) {
            #expect(abs(found - expected) < 1e-12)
        }
    }

    @Test func beyondTheClipThereIsNoGradient() {
        #expect(PPO.surrogate(ratio: 1.5, advantage: 2, clipRange: 0.2) == (2.4, 0))
        #expect(PPO.surrogate(ratio: 0.5, advantage: -2, clipRange: 0.2) == (-1.6, 0))
        // Where the step would make things worse, the gradient stays.
        #expect(PPO.surrogate(ratio: 1.5, advantage: -2, clipRange: 0.2) == (-3, -3))
        #expect(PPO.surrogate(ratio: 1.1, advantage: 2, clipRange: 0.2) == (2.2, 2.2))
    }

    /// When the clip binds, this layer and the fastest of the later ones take exactly what remains.
    @Test func amcsClippingMeetsTheBudgetExactly() {
        for (remaining, later, dense) in [(10.0, 4.0, 20.0), (7.5, 7.0, 3.0), (5.0, 5.0, 2.0)] {
            let kept = AMC.clipped(1, remainingMs: remaining, laterLeastMs: later, denseMs: dense)
            #expect(abs(kept * dense + later - remaining) < 1e-12)
        }
        #expect(AMC.clipped(0.3, remainingMs: 10, laterLeastMs: 1, denseMs: 5) == 0.3)
    }

    // MARK: A separable problem with a known optimum

    /// The least loss of the policies that an agent found, over the optimum.
    ///
    /// DDPG chooses among levels on the frontier that sensitivities draw: which pattern is better, it is
    /// told.
    private static func lossRatio(_ kind: String, seed: UInt64, budget: Int) throws -> Double {
        let toy = ChainEnvironment(
            layers: 6, problem: seed, budget: budget, interaction: 0,
            misjudgesPatterns: kind != "ddpg")
        let target = toy.usualTarget
        var agent = try AgentRegistry.standard.make(
            kind, costs: toy.costs, target: target, budget: budget, seed: seed)
        var least = Double.infinity
        for _ in 0..<budget {
            let (_, actions, terms) = try walk(toy, target: target) { observation, _ in agent.act(observation)
            }
            agent.finish(Episode(actions: actions, terms: terms))
            least = min(least, 1 - terms.quality)
        }
        return least / toy.optimalLoss(latencyMs: target.latencyMs)
    }

    @Test(arguments: ["reinforce", "ppo", "ddpg"], 1...3 as ClosedRange<UInt64>)
    func aSeparableProblemIsSolved(kind: String, seed: UInt64) throws {
        let ratio = try Self.lossRatio(kind, seed: seed, budget: 1_500)
        #expect(ratio >= 1 - 1e-9)
        #expect(ratio <= 1.02, "\(kind)")
    }

    /// What a policy gives on average at the end is better than at the start: it has learned, not only drawn.
    @Test(arguments: ["reinforce", "ppo", "ddpg"]) func lateEpisodesAreBetterThanEarlyOnes(
        kind: String
    ) throws {
        let episodes = 1_000
        var (early, late) = (0.0, 0.0)
        for seed in 1...3 as ClosedRange<UInt64> {
            let toy = ChainEnvironment(layers: 6, problem: seed, budget: episodes, interaction: 0)
            var agent = try AgentRegistry.standard.make(
                kind, costs: toy.costs, target: toy.usualTarget, budget: episodes, seed: seed)
            for episode in 0..<episodes {
                let (_, actions, terms) = try walk(toy, target: toy.usualTarget) { observation, _ in
                    agent.act(observation)
                }
                agent.finish(Episode(actions: actions, terms: terms))
                if episode < 40 { early += 1 - terms.quality }
                if episode >= episodes - 40 { late += 1 - terms.quality }
            }
        }
        #expect(late < 0.95 * early, "\(kind): \(late / early)")
    }
}
