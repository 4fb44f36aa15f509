import Levels
import Tensors

/// Runs the policy of each instruction set under every other one, as it was learned, and repaired to the
/// target there.
struct HardwareComparison {
    let runs: [HardwareRun]
    let measurements: PolicyMeasurements

    /// How many steps it takes for so many instruction sets: dense on each, each on each, each repaired for
    /// the others.
    static func steps(_ count: Int) -> Int { count + count * count + count * (count - 1) }

    /// Measures what has not been measured.
    func table(_ clock: inout StudyClock) throws -> HardwareTable {
        var (columns, metric): ([HardwareTable.Column], String) = ([], "")
        for run in runs {
            let (dense, own) = try clock.time(.measurement, "dense on \(run.isa.rawValue)") {
                let quality = try measurements.quality(of: [], on: run.isa) { measurements.model }
                return (quality, try measurements.latency(of: run.policy(), on: run.isa) { run.folder })
            }
            metric = dense.metric
            columns.append(
                .init(
                    name: run.isa.rawValue, target: run.target, denseMs: own.denseMedianMs,
                    denseQuality: dense.value))
        }
        let learned = try runs.map { run in
            try runs.map { place in
                try clock.time(.measurement, "\(run.isa.rawValue) on \(place.isa.rawValue)") {
                    try cell(run.policy(), on: place.isa) { run.folder }
                }
            }
        }
        var repaired: [[HardwareTable.Cell?]] = learned
        for (row, run) in runs.enumerated() {
            for (column, place) in runs.enumerated() where row != column {
                let name = "\(run.isa.rawValue) repaired for \(place.isa.rawValue)"
                repaired[row][column] = try clock.time(.measurement, name) {
                    try self.repaired(run, for: place)
                }
            }
        }
        return HardwareTable(metric: metric, columns: columns, learned: learned, repaired: repaired)
    }

    private func cell(
        _ policy: [Level], on isa: InstructionSet, _ pruned: () throws -> String
    ) throws -> HardwareTable.Cell {
        HardwareTable.Cell(
            latency: try measurements.latency(of: policy, on: isa, pruned).fraction,
            quality: try measurements.quality(of: policy, on: isa, pruned).value)
    }

    /// The policy of a run, repaired to the target of another one by the latencies there; nil where no repair
    /// gets there.
    private func repaired(_ run: HardwareRun, for place: HardwareRun) throws -> HardwareTable.Cell? {
        let costs = try place.costs()
        let actions = try run.policy().map { level in
            guard let index = costs.levels.firstIndex(of: level) else {
                throw Issue(
                    .missing, .path(place.folder), found: "no level \(level)",
                    allowed: "the levels of \(run.folder)")
            }
            return index
        }
        let transfer = PolicyTransfer(actions: actions, costs: costs, target: place.target)
        let best = try transfer.best { actions in
            let levels = actions.map { costs.levels[$0] }
            let latency = try measurements.latency(of: levels, on: place.isa) { try place.prune(to: levels) }
            return latency.fraction
        }
        guard let best else { return nil }
        let levels = best.actions.map { costs.levels[$0] }
        let cell = try cell(levels, on: place.isa) { try place.prune(to: levels) }
        try place.removePruned()
        return cell
    }
}
