import Levels
import SparseKernels
import Tensors
import Transformers

/// Which of many levels a search is offered: those that no other one beats in both time and quality.
///
/// Times are measured on this machine. Of quality only what needs no measuring is taken for known: more zeros,
/// and zeros that more rows share, are never better, and 8 bits are as good as 32 (they cost a tenth of a point
/// of STS-B at most). So what a machine's kernels cannot make use of drops out before anything is pruned to it.
public struct LevelSelection: Sendable {
    /// What is left, in the order of the candidates.
    public let levels: LevelSet
    /// Times of them.
    public let table: LatencyTable
    /// A line for a person: which precisions and patterns were left out, and why.
    public let notes: [String]

    /// Measures candidates, or takes those that a table has.
    init<Model: SearchableModel>(
        among candidates: LevelSet, of inputs: SearchInputs<Model>, table given: LatencyTable?,
        _ progress: StageProgress
    ) throws {
        let (network, workload) = (inputs.model.network, inputs.options.workload)
        let shapes = network.layerShapes
        func measured() throws -> LatencyTable {
            let variants = try LevelVariants(
                of: network.forProfiling, levels: candidates, for: workload.phase,
                formats: inputs.components.capabilities.formats)
            return Profiler(of: network, variants: variants, workload, pool: inputs.pool).measure {
                progress("measuring kernels", $0)
            }
        }
        let table = try given ?? measured()
        let known = candidates.filter { level in shapes.allSatisfy { table.latencyMs($0, level) != nil } }
        try self.init(LevelSet(known), table) { level in
            shapes.reduce(0) { $0 + (table.latencyMs($1, level) ?? .infinity) }
        }
    }

    /// Selects by the times of all layers at a level.
    init(_ candidates: LevelSet, _ table: LatencyTable, totalMs: (Level) -> Double) throws {
        let times = candidates.map(totalMs)
        func isBeaten(_ index: Int, by other: Int) -> Bool {
            index != other && times[other] <= times[index]
                && Self.isNoWorse(candidates[other], than: candidates[index])
                // Of two that beat each other the earlier one stays.
                && (other < index || times[other] < times[index]
                    || !Self.isNoWorse(candidates[index], than: candidates[other]))
        }
        let kept = candidates.indices.filter { index in
            index == candidates.dense || !candidates.indices.contains { isBeaten(index, by: $0) }
        }
        levels = try LevelSet(kept.map { candidates[$0] })
        let own = Set(levels)
        self.table = table.keeping { own.contains($0.level) }
        notes = Self.notes(candidates, own, times)
    }

    /// Whether a level loses no more quality than another, as far as that is known without measuring.
    private static func isNoWorse(_ one: Level, than other: Level) -> Bool {
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

    private static func notes(_ candidates: LevelSet, _ kept: Set<Level>, _ times: [Double]) -> [String] {
        var kinds: [String] = []
        for level in candidates where !kinds.contains(level.kind) { kinds.append(level.kind) }
        return kinds.compactMap { kind in
            let all = candidates.filter { $0.kind == kind }
            guard !all.contains(where: kept.contains) else { return nil }
            return "\(kind) is left out: another level is faster here at every sparsity, and no worse"
        }
    }
}
