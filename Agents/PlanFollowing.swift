import Environments
import HDF5
import Tensors

extension Observation {
    /// The planned level of this layer if it is not masked, else the unmasked one that `score` rates
    /// most like it.
    func action(following plan: [Int], score: [[Double]]) -> Int {
        let planned = plan[layer]
        if mask[planned] { return planned }
        let scores = score[layer]
        let allowed = mask.indices.filter { mask[$0] }
        return allowed.min { abs(scores[$0] - scores[planned]) < abs(scores[$1] - scores[planned]) }
            ?? planned
    }
}

extension HDF5Group {
    /// Writes the whole state of a generator.
    func write(_ random: CounterBasedRandom) throws {
        try setAttribute("randomSeed", Int(bitPattern: UInt(random.seed)))
        try setAttribute("randomCounter", Int(bitPattern: UInt(random.counter)))
    }

    /// Writes numbers of every layer and level.
    func write(_ name: String, table: [[Double]]) throws {
        try write(name, Array(table.joined()), shape: [table.count, table.first?.count ?? 0])
    }

    /// Reads what `write(_:table:)` wrote.
    /// - Throws: ``SearchError/damaged(file:reason:)`` for a table of other layers or levels.
    func readTable(_ name: String, of costs: LevelCosts) throws -> [[Double]] {
        let (layers, levels) = (costs.layers.count, costs.levels.count)
        let flat = try dataset(name).read(as: Double.self)
        guard flat.count == layers * levels else {
            throw SearchError.damaged(
                file: "agent", reason: "\(name) is not that of \(layers) layers and \(levels) levels")
        }
        return (0..<layers).map { Array(flat[$0 * levels..<($0 + 1) * levels]) }
    }

    /// Reads policies, laid end to end.
    /// - Throws: ``SearchError/damaged(file:reason:)`` for those of other layers or levels.
    func readPolicies(_ name: String, of costs: LevelCosts) throws -> [[Int]] {
        let layers = costs.layers.count
        let flat = try dataset(name).read(as: Int32.self).map(Int.init)
        guard flat.count % layers == 0, flat.allSatisfy(costs.levels.indices.contains) else {
            throw SearchError.damaged(file: "agent", reason: "\(name) are not policies of \(layers) layers")
        }
        return stride(from: 0, to: flat.count, by: layers).map { Array(flat[$0..<$0 + layers]) }
    }

    /// Reads what `write(_ random:)` wrote.
    func readRandom() throws -> CounterBasedRandom {
        let seed: Int = try attribute("randomSeed")
        let counter: Int = try attribute("randomCounter")
        return CounterBasedRandom(
            seed: UInt64(UInt(bitPattern: seed)), counter: UInt64(UInt(bitPattern: counter)))
    }
}
