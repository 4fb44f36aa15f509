import Agents
import Environments
import Evaluation
import Foundation
import SparseKernels

/// What the latency of a final policy is judged by.
public enum FinalLatency: Sendable {
    /// What is measured, so that a user gets what was asked for.
    case measured
    /// What the latency table predicts, so that searches by one table can be compared: the best policy is measured, but not
    /// aimed anew, and nothing depends on how fast the machine was at the end of each search.
    case predicted
}

/// Picks the final policy among the best of a search: by quality on data that no reward was computed on,
/// with its latency confirmed end to end.
struct PolicyConfirmation<Model: SearchableModel> {
    /// A policy that was picked, and what was measured.
    struct Confirmed {
        let candidate: Candidate
        let measured: EndToEndBenchmark.Result
    }

    /// A policy, and its quality on data that no reward was computed on.
    struct Candidate {
        let actions: [Int]
        let checkedQuality: Double
    }

    /// By how much a measured latency may exceed the target, as a fraction of it.
    private static var tolerance: Double { 0.01 }

    /// How much of the target may be left unspent, as a fraction of it.
    private static var slack: Double { 0.03 }

    /// How often policies are aimed anew, at most.
    static var corrections: Int { 4 }

    /// How many of the best candidates are measured.
    private static var leaders: Int { 3 }

    /// How many of them are mended to other aims.
    private static var mendedLeaders: Int { 2 }

    /// Rounds that operations are timed in; means of shares settle sooner than medians of whole passes.
    private static var breakdownRounds: Int { 10 }

    private let preparation: SearchPreparation<Model>
    private let latency: FinalLatency
    /// The target as a fraction of dense.
    private let target: Double
    private let sizeBytes: Int?

    init(_ preparation: SearchPreparation<Model>, target: SearchTarget, by latency: FinalLatency) {
        self.preparation = preparation
        self.latency = latency
        self.target = target.latencyMs / preparation.costs.denseLatencyMs
        sizeBytes = target.sizeBytes
    }

    /// Picks among policies; while what is picked misses the target on measurement, or leaves much of it unspent, aims
    /// them at several other latencies around what the measurement calls for, and picks among those and it.
    ///
    /// All that it chooses among at a time is measured in turn in one run, as a machine's speed changes between runs.
    /// What this evaluates is checked on data that no reward was computed on, and is no part of the budget.
    func pick(_ policies: [[Int]], progress: StageProgress) throws -> Confirmed {
        guard !policies.isEmpty else { throw SearchFailure("the search evaluated no policy") }
        let leaders = Array(try checked(policies, progress).prefix(Self.leaders))
        if latency == .predicted { return try bestOrFastest([leaders[0]], progress) }
        var picked = try bestOrFastest(leaders, progress)
        for _ in 0..<Self.corrections
        where !Self.isOnTarget(speedup: picked.measured.speedup, target: target) {
            let mended = leaders.prefix(Self.mendedLeaders).map(\.actions)
            let ladder = try ladder(mended, after: picked, progress)
            guard !ladder.isEmpty else { break }
            picked = try bestOrFastest([picked.candidate] + ladder, progress)
        }
        return picked
    }

    /// Policies with their quality on other data, the best first; of equal ones the earlier.
    private func checked(_ policies: [[Int]], _ progress: StageProgress) throws -> [Candidate] {
        let candidates = try policies.enumerated().map { number, actions in
            progress("checking policies on other data", Double(number) / Double(policies.count))
            return Candidate(actions: actions, checkedQuality: try preparation.checkedQuality(actions))
        }
        let order = candidates.indices.sorted {
            (candidates[$0].checkedQuality, $1) > (candidates[$1].checkedQuality, $0)
        }
        return order.map { candidates[$0] }
    }

    /// Measures candidates, one at least, in turn with the dense model, and takes the best of those that meet the target;
    /// the fastest when none does.
    private func bestOrFastest(_ candidates: [Candidate], _ progress: StageProgress) throws -> Confirmed {
        let confirmed = zip(candidates, try measure(candidates, progress)).map(Confirmed.init)
        return confirmed.dropFirst().reduce(confirmed[0]) { isBetter($1, than: $0) ? $1 : $0 }
    }

    /// Of two that meet the target, the one of better quality; else the faster.
    private func isBetter(_ one: Confirmed, than other: Confirmed) -> Bool {
        meetsTarget(one) && meetsTarget(other)
            ? one.candidate.checkedQuality > other.candidate.checkedQuality
            : one.measured.speedup > other.measured.speedup
    }

    /// Policies mended to other predicted latencies, for each the one of best quality.
    private func ladder(
        _ policies: [[Int]], after measured: Confirmed, _ progress: StageProgress
    ) throws -> [Candidate] {
        let costs = preparation.costs
        let aims = Self.aims(
            predictedMs: costs.latencyMs(of: measured.candidate.actions), speedup: measured.measured.speedup,
            target: target)
        var seen: Set = [measured.candidate.actions]
        return try aims.compactMap { aimMs in
            guard aimMs >= costs.leastLatencyMs else { return nil }
            let aim = SearchTarget(latencyMs: aimMs, sizeBytes: sizeBytes)
            let mended = policies.compactMap { costs.repaired($0, to: aim) }.filter {
                seen.insert($0).inserted
            }
            return try checked(mended, progress).first
        }
    }

    /// The predicted latencies to aim at, in milliseconds, when a policy predicted at `predictedMs` was measured to be
    /// `speedup` times as fast as dense, and `target` of dense is wanted.
    ///
    /// Around the one that is off from `predictedMs` as the measurement is off from the target: where operations disturb
    /// each other's caches, that makes up for about two thirds only, and part of the measurement was noise. All a
    /// little below, as another measurement of the same policy may be above.
    static func aims(predictedMs: Double, speedup: Double, target: Double) -> [Double] {
        [0.7, 1, 1.3, 1.6].map {
            predictedMs * pow(target * speedup, $0) * (1 - tolerance)
        }
    }

    private func meetsTarget(_ confirmed: Confirmed) -> Bool {
        Self.meets(speedup: confirmed.measured.speedup, target: target)
    }

    /// Whether a measured latency meets the target.
    static func meets(speedup: Double, target: Double) -> Bool {
        1 / speedup <= target * (1 + tolerance)
    }

    /// Whether a measured latency meets the target and spends it, but for ``slack``.
    static func isOnTarget(speedup: Double, target: Double) -> Bool {
        meets(speedup: speedup, target: target) && 1 / speedup >= target * (1 - slack)
    }

    private func measure(
        _ candidates: [Candidate], _ progress: StageProgress
    ) throws -> [EndToEndBenchmark.Result] {
        let inputs = preparation.inputs
        var benchmark = EndToEndBenchmark(inputs.options.workload, pool: inputs.pool)
        benchmark.rounds = benchmark.rounds(
            forPassMs: preparation.costs.denseLatencyMs, models: candidates.count + 1)
        return benchmark.measure(
            try candidates.map { try preparation.candidates.model($0.actions, pool: inputs.pool) },
            against: inputs.model.network
        ) { progress("measuring pruned models", $0) }
    }

    /// Everything that is known of a policy.
    func summary(_ best: Confirmed, evaluations: Int, progress: StageProgress) throws -> SearchSummary {
        let (inputs, costs, actions) = (preparation.inputs, preparation.costs, best.candidate.actions)
        let terms = try preparation.terms(of: actions)
        let pruned = try preparation.candidates.model(actions, pool: inputs.pool)
        if inputs.validation != nil { progress("validating", 0) }
        let validation = preparation.validated(pruned)
        progress("timing every operation", 0)
        var benchmark = EndToEndBenchmark(inputs.options.workload, pool: inputs.pool)
        benchmark.rounds = Self.breakdownRounds
        let breakdowns = benchmark.breakdowns(pruned, against: inputs.model.network)
        return SearchSummary(
            options: inputs.options, hardware: HardwareFingerprint.current.description,
            evaluations: evaluations, denseMs: best.measured.reference.medianMs,
            prunedMs: best.measured.model.medianMs, speedup: best.measured.speedup,
            targetFraction: target, targetMet: meetsTarget(best),
            predictedMs: terms.latencyMs, predictedDenseMs: costs.denseLatencyMs,
            denseSizeBytes: costs.sizeBytes(of: costs.layers.map { _ in 0 }), sizeBytes: terms.sizeBytes,
            quality: terms.quality, checkedQuality: best.candidate.checkedQuality, reward: terms.reward,
            validation: validation,
            policy: zip(costs.layers, actions).map { .init(layer: $0, level: costs.levels[$1]) },
            breakdown: breakdowns.model, denseBreakdown: breakdowns.reference)
    }
}
