import Levels

extension Policy {
    /// Takes the policy of a summary.
    ///
    /// - Parameter shapes: the model's layers.
    package init(_ summary: SearchSummary, modelDigest: String, shapes: [LayerShape]) {
        let known = Dictionary(shapes.map { ($0.name, $0) }) { first, _ in first }
        self.init(
            layers: summary.policy.map { choice in
                let shape = known[choice.layer]
                return Layer(layer: choice.layer, level: choice.level, rows: shape?.rows, cols: shape?.cols)
            })
        self.modelDigest = modelDigest
        solver = summary.options.solver.rawValue
        hardware = summary.hardware
        workload = summary.options.workload
        threads = summary.options.threads
        latencyMs = summary.prunedMs
        denseLatencyMs = summary.denseMs
        (latencyP95Ms, denseLatencyP95Ms) = (summary.prunedTimes?.p95Ms, summary.denseTimes?.p95Ms)
        if summary.options.workload.lengths != nil {
            (latencyMeanMs, denseLatencyMeanMs) = (summary.prunedTimes?.meanMs, summary.denseTimes?.meanMs)
        }
        sizeBytes = summary.sizeBytes
        quality = summary.quality
    }
}
