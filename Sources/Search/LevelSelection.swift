import Levels
import SparseKernels
import Tensors
import Transformers

/// Which of many levels a search is offered: those that no other one beats in both time and quality.
///
/// Times are measured on this machine. Of quality only what needs no measuring is taken for known: more zeros,
/// and zeros that more rows share, are never better, and 8 bits are as good as 16 and 32 (they cost a tenth of a
/// point of STS-B at most), and 4 bits are not. So what a machine's kernels cannot make use of drops out before
/// anything is pruned to it.
public struct LevelSelection: Sendable {
    /// What is left, in the order of the candidates.
    public let levels: LevelSet
    /// A line for a person: which precisions and patterns were left out, and why.
    public let notes: [String]

    /// What a level that loses quality must save at least, as a fraction of the time of one that does not.
    private static var leastGain: Double { 0.03 }
    /// Rounds of a quick look.
    private static var rounds: Int { 3 }

    /// Measures candidates, or takes those that a table has.
    init<Model: SearchableModel>(
        among candidates: LevelSet, of inputs: SearchInputs<Model>, table: LatencyTable?,
        _ progress: StageProgress
    ) throws {
        let (network, workload) = (inputs.model.network, inputs.options.workload)
        if let table {
            let shapes = network.layerShapes
            let known = candidates.filter { table.has($0, for: shapes) }
            let times = known.map { level in
                shapes.reduce(0) { $0 + (table.latencyMs($1, level) ?? .infinity) }
            }
            try self.init(LevelSet(known), totalMs: times)
            return
        }
        let variants = try LevelVariants(
            of: network.forProfiling, levels: candidates, for: workload.phase,
            formats: inputs.components.capabilities.formats
        ) { progress("packing candidates", $0) }
        var profiler = Profiler(of: network, variants: variants, workload, pool: inputs.pool)
        profiler.rounds = Self.rounds
        try self.init(
            candidates, totalMs: profiler.compareLevels { progress("comparing the kernels of levels", $0) })
    }

    /// Selects by the times of all layers at each level.
    init(_ candidates: LevelSet, totalMs times: [Double]) throws {
        func isBeaten(_ index: Int, by other: Int) -> Bool {
            let (own, better) = (candidates[index], candidates[other])
            guard index != other, Self.isNoWorse(better, than: own) else { return false }
            // Of two that are as good as each other, such as precisions, the faster stays, or the first.
            guard Self.isNoWorse(own, than: better) else {
                return times[other] * (1 - Self.leastGain) <= times[index]
            }
            return times[other] < times[index] || (times[other] == times[index] && other < index)
        }
        let kept = candidates.indices.filter { index in
            index == candidates.dense || !candidates.indices.contains { isBeaten(index, by: $0) }
        }
        levels = try LevelSet(kept.map { candidates[$0] })
        notes = Self.notes(candidates, kept: Set(levels))
    }

    /// Whether a level loses no more quality than another, as far as that is known without measuring.
    private static func isNoWorse(_ one: Level, than other: Level) -> Bool {
        guard one.precision != .int4 || other.precision == .int4 else { return false }
        guard let rows = sharedRows(one.pattern), let others = sharedRows(other.pattern) else {
            return one.pattern == other.pattern && one.sparsity <= other.sparsity
        }
        return one.sparsity <= other.sparsity && rows <= others
    }

    /// How many rows share a zero; nil for blocks of several columns and N:M.
    private static func sharedRows(_ pattern: Pattern) -> Int? {
        switch pattern {
        case .dense: 1
        case .units(let unit) where unit.columns == 1: unit.rows
        default: nil
        }
    }

    private static func notes(_ candidates: LevelSet, kept: Set<Level>) -> [String] {
        var kinds: [String] = []
        for level in candidates where !kinds.contains(level.kind) { kinds.append(level.kind) }
        return kinds.compactMap { kind in
            let all = candidates.filter { $0.kind == kind }
            guard !all.contains(where: kept.contains) else { return nil }
            return "\(kind) is left out: another level is faster here at every sparsity, and no worse"
        }
    }
}
