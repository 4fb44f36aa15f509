import Agents
import Environments
import Levels
import SparseKernels
import Transformers

/// Measures policies like those that a search will propose, and corrects how its latency table adds up.
///
/// A search that aims at what it has measured need not trade quality for latency after its end.
struct TargetConfirmation<Model: SearchableModel> {
    /// Latencies that are tried, as fractions of what is asked for.
    private static var latencies: [Double] { [0.95, 1, 1.05] }

    private let inputs: SearchInputs<Model>
    private let candidates: CandidateModels<Model.Network>

    init(_ inputs: SearchInputs<Model>, _ candidates: CandidateModels<Model.Network>) {
        self.inputs = inputs
        self.candidates = candidates
    }

    /// A fit that predicts policies near the target as they were measured.
    ///
    /// - Parameter costs: what `fit` predicts.
    func confirm(_ fit: LatencyFit, by costs: LevelCosts, progress: StageProgress) throws -> LatencyFit {
        let policies = policies(costs)
        guard !policies.isEmpty else { return fit }
        let measured = try inputs.measure(policies, of: candidates, passMs: costs.denseLatencyMs) {
            progress("confirming the latency table near the target", $0)
        }
        let denseMs = costs.denseLatencyMs
        // What the table has of a policy's layers is what the costs have, without the scale.
        func layersMs(_ policy: [Int]) -> Double {
            (costs.latencyMs(of: policy) - costs.overheadMs) / fit.scale
        }
        return fit.confirmed(
            dense: .init(layersMs: layersMs(costs.densePolicy), totalMs: denseMs),
            samples: zip(policies, measured).map {
                .init(layersMs: layersMs($0), totalMs: denseMs / $1.speedup)
            })
    }

    /// What the level losses alone would choose for latencies about the target, or the ends of a range.
    private func policies(_ costs: LevelCosts) -> [[Int]] {
        let asked = [inputs.options.targetLatency, inputs.options.mildestLatency].compactMap(\.self)
        let targets = asked.flatMap { latency in
            var target = costs.target(latency, sizeFraction: inputs.options.targetSize)
            if inputs.options.maxDrop != nil {
                // Where it will end is not known: half-way, by ratios, between the fastest and what is allowed.
                target = target.with(latencyMs: (target.latencyMs * costs.leastWholeLatencyMs).squareRoot())
            }
            return Self.latencies.map { target.with(latencyMs: $0 * target.latencyMs) }
        }
        let proposed = targets.compactMap { costs.repaired(costs.densePolicy, to: $0) }
        return proposed.enumerated().filter { number, policy in
            policy != costs.densePolicy && !proposed[..<number].contains(policy)
        }.map(\.element)
    }
}

extension SearchInputs {
    /// Measures policies end to end, alternating with the dense model, for about as long as a person waits.
    ///
    /// - Parameter passMs: what a pass of the dense model takes, about.
    func measure(
        _ policies: [[Int]], of candidates: CandidateModels<Model.Network>, passMs: Double,
        progress: (Double) -> Void
    ) throws -> [EndToEndBenchmark.Result] {
        var benchmark = EndToEndBenchmark(options.workload, pool: pool)
        benchmark.rounds = benchmark.rounds(forPassMs: passMs, models: policies.count + 1)
        return benchmark.measure(
            try policies.map { try candidates.model($0, pool: pool) }, against: model.network,
            progress: progress)
    }
}
