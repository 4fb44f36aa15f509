import Agents
import Environments
import Evaluation
import Foundation
import Levels
import Models
import Runs
import SparseKernels

/// What the latency of a final policy is judged by.
public enum FinalLatency: Sendable {
    /// What is measured, so that a user gets what was asked for.
    case measured
    /// What the latency table predicts, so that searches by one table can be compared: the best policy is
    /// measured, but not aimed again, and nothing depends on how fast the machine was at the end of each
    /// search.
    case predicted
}

/// Confirms the final policy of a search on its model: quality on other data, and latency end to end.
struct PolicyConfirmation<Model: SearchableModel> {
    /// Rounds that operations are timed in; means of shares settle sooner than medians of whole passes.
    private static var breakdownRounds: Int { 10 }

    private let preparation: SearchPreparation<Model>
    private let latency: FinalLatency
    private let target: Target

    init(_ preparation: SearchPreparation<Model>, target: Target, by latency: FinalLatency) {
        self.preparation = preparation
        self.latency = latency
        self.target = target
    }

    /// Picks among policies that meet the target by prediction.
    ///
    /// What this evaluates is checked on data that no reward was computed on, and is no part of the budget.
    func pick(_ policies: [[Int]], progress: StageProgress) throws -> PolicyChoice.Confirmed {
        try withoutActuallyEscaping(progress) { progress in
            try choice(progress).pick(policies, by: latency)
        }
    }

    private func choice(_ progress: @escaping StageProgress) -> PolicyChoice {
        PolicyChoice(
            costs: preparation.costs, target: target,
            leastQuality: preparation.inputs.options.maxDrop.map { 1 - $0 },
            check: { policies in
                try policies.enumerated().map { number, actions in
                    progress("checking policies on other data", Double(number) / Double(policies.count))
                    return try preparation.evaluator.checkedQuality(of: actions)
                }
            }, measure: { try measure($0, progress) })
    }

    private func measure(
        _ policies: [[Int]], _ progress: StageProgress
    ) throws -> [EndToEndBenchmark.Result] {
        try preparation.inputs.measure(
            policies, of: preparation.candidates, passMs: preparation.costs.denseLatencyMs
        ) { progress("measuring pruned models", $0) }
    }

    /// The fastest precision alone; nil where there is none, and where searches by one table are compared.
    private func rounded(_ progress: StageProgress) throws -> SearchSummary.Rounded? {
        let costs = preparation.costs
        let policies = costs.levels.indices.filter { costs.levels[$0].keepsAll && !costs.levels.isDense($0) }
            .map { level in costs.layers.map { _ in level } }
        guard latency == .measured,
            let fastest = policies.min(by: { costs.latencyMs(of: $0) < costs.latencyMs(of: $1) })
        else { return nil }
        let measured = try withoutActuallyEscaping(progress) { try measure([fastest], $0)[0] }
        return SearchSummary.Rounded(
            level: costs.levels[fastest[0]], speedup: measured.speedup,
            sizeBytes: costs.sizeBytes(of: fastest),
            checkedQuality: try preparation.evaluator.checkedQuality(of: fastest),
            space: preparation.evaluator.checkedSpace(
                of: try preparation.candidates.model(fastest, pool: preparation.inputs.pool)))
    }

    /// Everything that is known of a policy.
    func summary(
        _ best: PolicyChoice.Confirmed, evaluations: Int, progress: StageProgress
    ) throws -> SearchSummary {
        let (inputs, costs, actions) = (preparation.inputs, preparation.costs, best.candidate.actions)
        let terms = try preparation.terms(of: actions)
        let pruned = try preparation.candidates.model(actions, pool: inputs.pool)
        if inputs.validation != nil { progress("validating", 0) }
        let validation = preparation.validated(pruned)
        let error = inputs.options.maxDrop.flatMap { _ in
            preparation.evaluator.checkedError(of: pruned) { progress("asking how sure that quality is", $0) }
        }
        progress("timing every operation", 0)
        var benchmark = EndToEndBenchmark(inputs.options.workload, pool: inputs.pool)
        benchmark.rounds = Self.breakdownRounds
        let breakdowns = benchmark.breakdowns(pruned, against: inputs.model.network)
        return SearchSummary(
            options: inputs.options, hardware: HardwareFingerprint.current.description,
            evaluations: evaluations, measured: best.measured, targetFraction: target.fraction,
            targetMet: PolicyChoice.meets(speedup: best.measured.speedup, target: target.fraction),
            predictedMs: terms.latencyMs, predictedDenseMs: costs.denseLatencyMs,
            denseSizeBytes: costs.denseSizeBytes - costs.otherSizeBytes + inputs.model.network.otherSizeBytes,
            sizeBytes: terms.sizeBytes,
            quality: terms.quality, checkedQuality: best.candidate.checkedQuality, reward: terms.reward,
            checkedError: error, space: preparation.evaluator.checkedSpace(of: pruned),
            validation: validation,
            policy: zip(costs.layers, actions).map { .init(layer: $0, level: costs.levels[$1]) },
            rounded: try rounded(progress),
            breakdown: breakdowns.model, denseBreakdown: breakdowns.reference)
    }
}
