import Environments
import Levels
import Tensors

/// A small problem of layers in groups that can be narrowed to a half or removed as wholes, whose losses add up: what
/// removing a group loses stands with its first layer, what narrowing it loses with its last.
package struct SublayerProblem: Evaluator {
    package let costs: LevelCosts

    /// - Parameter removal: what removing a group loses, as a multiple of what its layers lose at the sparsest level.
    package init(groups: Int = 4, problem: UInt64, removal: ClosedRange<Double> = 0.5...3) {
        var random = CounterBasedRandom(seed: problem, stream: 98)
        let levels: LevelSet = [
            .dense, Level(pattern: .rowBlock4, sparsity: 0.5), Level(pattern: .rowBlock4, sparsity: 0.8),
            .dense.with(width: 0.5), Level(pattern: .rowBlock4, sparsity: 0.5, width: 0.5), .removed,
        ]
        let sizes = (0..<groups).map { $0 % 2 == 0 ? 3 : 2 }
        var places: [[Int]] = []
        var (latency, loss): ([[Double]], [[Double]]) = ([], [])
        for size in sizes {
            places.append(Array(latency.count..<latency.count + size))
            let sparsest = (0..<size).map { _ in 0.02 * (0.2 + random.nextUniform()) }
            let share = removal.lowerBound + random.nextUniform() * (removal.upperBound - removal.lowerBound)
            let narrowing = share * (0.2 + 0.4 * random.nextUniform()) * sparsest.reduce(0, +)
            for (number, own) in sparsest.enumerated() {
                let whole = Double(10 + 10 * Int(random.next() % 3))
                latency.append(
                    [whole, (0.6 * whole).rounded(), (0.3 * whole).rounded(), 0.5 * whole, 0.3 * whole, 0])
                let narrow = number == size - 1 ? narrowing : 0
                loss.append([
                    0, 0.4 * own, own, narrow, narrow + 0.2 * own,
                    number == 0 ? share * sparsest.reduce(0, +) : 0,
                ])
            }
        }
        costs = LevelCosts(
            layers: latency.indices.map { "layer.\($0)" }, levels: levels, latencyMs: latency, overheadMs: 5,
            sizeBytes: latency.map { $0.map { Int($0) * 100 } }, otherSizeBytes: 1_000, sensitivity: loss,
            outputError: loss, groups: places)
    }

    /// A fraction of what the dense model takes.
    package func target(_ fraction: Double) -> Target {
        costs.target(latencyMs: (fraction * costs.denseLatencyMs).rounded())
    }

    package func loss(of policy: [Int]) -> Double {
        zip(costs.sensitivity, policy).reduce(0) { $0 + $1.0[$1.1] }
    }

    /// Whether the layers of every group have one structure.
    package func isWhole(_ policy: [Int]) -> Bool {
        costs.groups.allSatisfy { group in Set(group.map { costs.levels[policy[$0]].width }).count == 1 }
    }

    /// All policies of one group, as levels of its layers.
    package func choices(of group: [Int]) -> [[Int]] {
        [0..<3, 3..<5, 5..<6].flatMap { levels in
            group.reduce([[Int]()]) { lists, _ in lists.flatMap { list in levels.map { list + [$0] } } }
        }
    }

    /// The least loss within a latency, over all policies.
    package func optimalLoss(latencyMs: Double) -> Double {
        let limit = Int(latencyMs - costs.overheadMs)
        var least = [Double](repeating: 0, count: limit + 1)
        for group in costs.groups {
            var next = [Double](repeating: .infinity, count: limit + 1)
            for choice in choices(of: group) {
                let ms = Int(zip(group, choice).reduce(0) { $0 + costs.latencyMs[$1.0][$1.1] })
                let loss = zip(group, choice).reduce(0) { $0 + costs.sensitivity[$1.0][$1.1] }
                for spent in 0...limit where spent >= ms {
                    next[spent] = min(next[spent], least[spent - ms] + loss)
                }
            }
            least = next
        }
        return least[limit]
    }

    package func quality(of policy: [Int]) -> Double { 1 - loss(of: policy) }
    package func tokenPasses(for question: EvaluatorQuestion) -> Int? { nil }
    package func effects(of policy: [Int], number: Int) -> LevelEffects {
        LevelEffects(slope: costs.sensitivity, curvature: costs.sensitivity)
    }
    package func scores(of policies: [[Int]], share: Double, number: Int) -> [Double] { [] }
}
