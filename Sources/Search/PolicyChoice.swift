import Agents
import Environments
import Foundation
import Levels
import Runs
import SparseKernels

/// Chooses the final policy among the best of a search, by quality on other data and by measured latency.
///
/// Policies that miss the target on measurement, or leave much of it unspent, are aimed at other latencies.
/// Aiming has a floor: what is picked is never worse, on other data, than the best policy that meets the
/// target by prediction. Where no such policy meets the target on measurement, as when other programs keep
/// the machine busy, the target is missed.
struct PolicyChoice {
    /// A policy, and its quality on data that no reward was computed on.
    struct Candidate {
        let actions: [Int]
        let checkedQuality: Double
    }

    /// A policy that was picked, and what was measured.
    struct Confirmed {
        let candidate: Candidate
        let measured: EndToEndBenchmark.Result
    }

    /// By how much a measured latency may exceed the target, as a fraction of it.
    private static var tolerance: Double { 0.01 }

    /// How much of the target may be left unspent, as a fraction of it.
    private static var slack: Double { 0.03 }

    /// How often policies are aimed again, at most.
    static var corrections: Int { 4 }

    /// How many of the best candidates are measured.
    private static var leaders: Int { 3 }

    /// How many of them are repaired to other aims.
    private static var repairedLeaders: Int { 2 }

    /// Latencies and losses of levels.
    let costs: LevelCosts
    /// What is asked for.
    let target: Target
    /// The quality on other data that is to be kept by the fastest policy; nil for the best within the target.
    var leastQuality: Double?
    /// The quality of policies on data that no reward was computed on, in their order.
    let check: (_ policies: [[Int]]) throws -> [Double]
    /// Measures policies, one at least, alternating with the dense model.
    let measure: (_ policies: [[Int]]) throws -> [EndToEndBenchmark.Result]

    /// Picks among policies that meet the target by prediction. All that it chooses among at a time is
    /// measured in one run, as a machine's speed changes between runs.
    ///
    /// - Throws: `Issue` when there is no policy.
    func pick(_ policies: [[Int]], by latency: FinalLatency) throws -> Confirmed {
        if let leastQuality { return try fastest(policies, keeping: leastQuality) }
        let ranked = try checked(policies)
        guard let best = ranked.first else {
            throw Issue(
                .missing, .other("the search"), found: "no policy",
                allowed: "one or more that meet the target")
        }
        if latency == .predicted { return try bestOrFastest([best]) }
        func isAboveFloor(_ candidate: Candidate) -> Bool { candidate.checkedQuality >= best.checkedQuality }
        var picked = try bestOrFastest(Array(ranked.prefix(Self.leaders)).filter(isAboveFloor))
        for _ in 0..<Self.corrections
        where !Self.isOnTarget(speedup: picked.measured.speedup, target: target.fraction) {
            let ladder = try ladder(ranked.prefix(Self.repairedLeaders).map(\.actions), after: picked)
                .filter(isAboveFloor)
            guard !ladder.isEmpty else { break }
            picked = try bestOrFastest([picked.candidate] + ladder)
        }
        return picked
    }

    /// The fastest policy by prediction that keeps a quality on other data; the dense one where none does.
    private func fastest(_ policies: [[Int]], keeping quality: Double) throws -> Confirmed {
        let ordered = policies.sorted { costs.latencyMs(of: $0) < costs.latencyMs(of: $1) }
        for policy in ordered + [costs.densePolicy] {
            let candidate = try checked([policy])[0]
            if candidate.checkedQuality >= quality { return try bestOrFastest([candidate]) }
        }
        throw Issue(
            .missing, .other("the search"), found: "no policy that keeps \(quality) of dense",
            allowed: "the dense one, which keeps all")
    }

    /// Policies with their quality on other data, the best first; of equal ones the earlier.
    private func checked(_ policies: [[Int]]) throws -> [Candidate] {
        let candidates = zip(policies, try check(policies)).map(Candidate.init)
        let order = candidates.indices.sorted {
            (candidates[$0].checkedQuality, $1) > (candidates[$1].checkedQuality, $0)
        }
        return order.map { candidates[$0] }
    }

    /// Measures candidates and takes the best of those that meet the target; the fastest when none does.
    private func bestOrFastest(_ candidates: [Candidate]) throws -> Confirmed {
        let confirmed = zip(candidates, try measure(candidates.map(\.actions))).map(Confirmed.init)
        return confirmed.dropFirst().reduce(confirmed[0]) { isBetter($1, than: $0) ? $1 : $0 }
    }

    /// Of two that meet the target, the one of better quality; else the faster.
    private func isBetter(_ one: Confirmed, than other: Confirmed) -> Bool {
        meetsTarget(one) && meetsTarget(other)
            ? one.candidate.checkedQuality > other.candidate.checkedQuality
            : one.measured.speedup > other.measured.speedup
    }

    /// Policies repaired to other predicted latencies, for each the one of best quality.
    private func ladder(_ policies: [[Int]], after picked: Confirmed) throws -> [Candidate] {
        let aims = Self.aims(
            predictedMs: costs.latencyMs(of: picked.candidate.actions), speedup: picked.measured.speedup,
            target: target.fraction)
        var seen: Set = [picked.candidate.actions]
        return try aims.compactMap { aimMs in
            guard aimMs >= costs.leastLatencyMs else { return nil }
            let aim = target.with(latencyMs: aimMs)
            let repaired = policies.compactMap { costs.repaired($0, to: aim) }.filter {
                seen.insert($0).inserted
            }
            return try checked(repaired).first
        }
    }

    /// The predicted latencies to aim at, in milliseconds, when a policy predicted at `predictedMs` was
    /// measured to be `speedup` times as fast as dense, and `target` of dense is wanted.
    ///
    /// Around the one that is off from `predictedMs` as the measurement is off from the target: where
    /// operations disturb each other's caches, that makes up for about two thirds only, and part of the
    /// measurement was noise. All a little below, as another measurement of the same policy may be above.
    static func aims(predictedMs: Double, speedup: Double, target: Double) -> [Double] {
        [0.7, 1, 1.3, 1.6].map {
            predictedMs * pow(target * speedup, $0) * (1 - tolerance)
        }
    }

    /// Whether the measured latency of a policy meets the target.
    func meetsTarget(_ confirmed: Confirmed) -> Bool {
        Self.meets(speedup: confirmed.measured.speedup, target: target.fraction)
    }

    /// Whether a measured latency meets the target.
    static func meets(speedup: Double, target: Double) -> Bool {
        1 / speedup <= target * (1 + tolerance)
    }

    /// Whether a measured latency meets the target and spends it, but for ``slack``.
    static func isOnTarget(speedup: Double, target: Double) -> Bool {
        meets(speedup: speedup, target: target) && 1 / speedup >= target * (1 - slack)
    }
}
