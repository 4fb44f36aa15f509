import Agents
import Environments
import Evaluation
import SparseKernels

/// Picks the final policy among the best of a search: by quality on data that no reward was computed on,
/// with its latency confirmed end to end.
struct PolicyConfirmation<Model: SearchableModel> {
    /// A policy that was picked, and what was measured.
    struct Confirmed {
        let episode: Episode
        let checkedQuality: Double
        let measured: EndToEndBenchmark.Result
    }

    /// By how much a measured latency may exceed the target, as a fraction of it.
    static var tolerance: Double { 0.01 }

    /// How much of the target may be left unspent, as a fraction of it.
    private static var slack: Double { 0.03 }

    /// How often candidates are aimed anew, at most: where operations disturb each other's caches, one step makes up
    /// for about two thirds of what the prediction was off by.
    private static var corrections: Int { 5 }

    /// How many of them are.
    private static var correctedCandidates: Int { 3 }

    /// Rounds that operations are timed in; means of shares settle sooner than medians of whole passes.
    private static var breakdownRounds: Int { 10 }

    private let preparation: SearchPreparation<Model>
    /// The target as a fraction of dense.
    private let target: Double
    private let sizeBytes: Int?

    init(_ preparation: SearchPreparation<Model>, target: SearchTarget) {
        self.preparation = preparation
        self.target = target.latencyMs / preparation.costs.denseLatencyMs
        sizeBytes = target.sizeBytes
    }

    /// Picks among candidates; while what is picked misses the target on measurement, or leaves much of it unspent, aims
    /// candidates at as much more or less as the measurement was off from the prediction, and picks among those too.
    ///
    /// What this evaluates is checked on data that no reward was computed on, and is no part of the budget.
    func pick(_ candidates: [Episode], progress: StageProgress) throws -> Confirmed {
        var picked = try firstThatMeets(candidates, progress)
        var latest = picked
        for _ in 0..<Self.corrections
        where !Self.isOnTarget(speedup: latest.measured.speedup, target: target) {
            let corrected = try corrected(candidates, after: latest)
            guard !corrected.isEmpty else { break }
            latest = try firstThatMeets(corrected, progress)
            if isBetter(latest, than: picked) { picked = latest }
        }
        return picked
    }

    /// Of two that meet the target, the one of better quality; else the faster.
    private func isBetter(_ one: Confirmed, than other: Confirmed) -> Bool {
        meetsTarget(one) && meetsTarget(other)
            ? one.checkedQuality > other.checkedQuality : one.measured.speedup > other.measured.speedup
    }

    /// Measures candidates in turn with the dense model, the best quality first, and takes the first that
    /// meets the target; the fastest when none does.
    private func firstThatMeets(_ candidates: [Episode], _ progress: StageProgress) throws -> Confirmed {
        let qualities = try candidates.enumerated().map { number, episode in
            progress("checking the best policies on other data", Double(number) / Double(candidates.count))
            return try preparation.checkedQuality(episode.actions)
        }
        let order = candidates.indices.sorted { (qualities[$0], $1) > (qualities[$1], $0) }
        var fastest: Confirmed?
        for (number, index) in order.enumerated() {
            let confirmed = Confirmed(
                episode: candidates[index], checkedQuality: qualities[index],
                measured: try measure(candidates[index].actions) {
                    progress("measuring the pruned model", (Double(number) + $0) / Double(order.count))
                })
            if meetsTarget(confirmed) { return confirmed }
            if confirmed.measured.speedup > fastest?.measured.speedup ?? 0 { fastest = confirmed }
        }
        guard let fastest else { throw SearchFailure("the search evaluated no policy") }
        return fastest
    }

    /// The best candidates, mended to another predicted latency; without the one that was measured.
    private func corrected(_ candidates: [Episode], after measured: Confirmed) throws -> [Episode] {
        let costs = preparation.costs
        let aim = SearchTarget(
            latencyMs: Self.aimMs(
                predictedMs: measured.episode.terms.latencyMs, speedup: measured.measured.speedup,
                target: target),
            sizeBytes: sizeBytes)
        guard aim.latencyMs >= costs.leastLatencyMs else { return [] }
        var policies: [[Int]] = []
        for candidate in candidates.prefix(Self.correctedCandidates) {
            guard let mended = costs.repaired(candidate.actions, to: aim), !policies.contains(mended),
                mended != measured.episode.actions
            else { continue }
            policies.append(mended)
        }
        return try policies.map { Episode(actions: $0, terms: try preparation.terms(of: $0)) }
    }

    /// The predicted latency to aim at, in milliseconds, when a policy predicted at `predictedMs` was measured to be
    /// `speedup` times as fast as dense, and `target` of dense is wanted: so much below as another measurement of the
    /// same policy may be above.
    static func aimMs(predictedMs: Double, speedup: Double, target: Double) -> Double {
        predictedMs * target * speedup * (1 - tolerance)
    }

    private func meetsTarget(_ confirmed: Confirmed) -> Bool {
        Self.meets(speedup: confirmed.measured.speedup, target: target)
    }

    private static func meets(speedup: Double, target: Double) -> Bool {
        1 / speedup <= target * (1 + tolerance)
    }

    /// Whether a measured latency meets the target and spends it, but for ``slack``.
    static func isOnTarget(speedup: Double, target: Double) -> Bool {
        meets(speedup: speedup, target: target) && 1 / speedup >= target * (1 - slack)
    }

    private func measure(_ actions: [Int], progress: (Double) -> Void) throws -> EndToEndBenchmark.Result {
        let inputs = preparation.inputs
        var benchmark = EndToEndBenchmark(inputs.options.workload, pool: inputs.pool)
        benchmark.rounds = benchmark.rounds(forPassMs: preparation.costs.denseLatencyMs)
        return benchmark.measure(
            try preparation.candidates.model(actions, pool: inputs.pool), against: inputs.model.network,
            progress: progress)
    }

    /// Everything that is known of a policy.
    func summary(_ best: Confirmed, evaluations: Int, progress: StageProgress) throws -> SearchSummary {
        let (inputs, costs, terms) = (preparation.inputs, preparation.costs, best.episode.terms)
        let pruned = try preparation.candidates.model(best.episode.actions, pool: inputs.pool)
        let validation = inputs.validation.map { task in
            progress("validating", 0)
            return SearchSummary.Score(
                metric: task.metric, dense: task.score(inputs.model.network, pool: inputs.pool),
                pruned: task.score(pruned, pool: inputs.pool))
        }
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
            quality: terms.quality, checkedQuality: best.checkedQuality, reward: terms.reward,
            validation: validation,
            policy: zip(costs.layers, best.episode.actions).map { .init(layer: $0, level: costs.levels[$1]) },
            breakdown: breakdowns.model, denseBreakdown: breakdowns.reference)
    }
}
