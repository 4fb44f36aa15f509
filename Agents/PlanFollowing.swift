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

    /// Reads what `write(_ random:)` wrote.
    func readRandom() throws -> CounterBasedRandom {
        let seed: Int = try attribute("randomSeed")
        let counter: Int = try attribute("randomCounter")
        return CounterBasedRandom(
            seed: UInt64(UInt(bitPattern: seed)), counter: UInt64(UInt(bitPattern: counter)))
    }
}
