import Environments

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
