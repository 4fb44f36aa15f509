import Dispatch
import Levels

/// How long the linear layers and the other operations of forward passes took, one entry for each pass.
public final class LayerTimes: @unchecked Sendable {
    // Unchecked: only worker 0 of a forward pass writes, and it is read between passes.

    /// Milliseconds by the name of the layer, or of its block and the operation, in the order of the passes.
    public private(set) var milliseconds: [String: [Double]] = [:]

    /// What a layer takes in each pass with what comes with it: the rounding of its input where it computes in
    /// whole numbers, its activation, and the attention whose contexts it takes.
    public func whole(of layer: String) -> [Double] {
        let own = milliseconds[layer] ?? []
        return ["rounding", "gelu", "attention"].reduce(own) { sums, operation in
            guard let more = milliseconds["\(layer).\(operation)"], more.count == sums.count else {
                return sums
            }
            return zip(sums, more).map { $0 + $1 }
        }
    }

    /// What layers of one shape of a sublayer take in each pass, each with what comes with it, by shape: the mean of
    /// them, as some share what comes with one.
    public func wholes(of layers: [LayerShape]) -> [(layers: [LayerShape], milliseconds: [Double])] {
        layers.sublayers.flatMap { places in
            let shapes = Dictionary(grouping: places.map { layers[$0] }) { [$0.rows, $0.cols] }
            return shapes.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { _, alike in
                let times = alike.map { whole(of: $0.name) }
                let passes = times.map(\.count).min() ?? 0
                return (
                    alike,
                    (0..<passes).map { pass in times.reduce(0) { $0 + $1[pass] } / Double(alike.count) }
                )
            }
        }
    }

    /// Starts with none.
    public init() {}

    /// Notes, for each layer and operation, one time: all that others took, by so many passes.
    package func append(_ times: LayerTimes, over passes: Int) {
        for (name, measured) in times.milliseconds {
            milliseconds[name, default: []].append(measured.reduce(0, +) / Double(passes))
        }
    }

    /// Runs `body`, and notes how long it took under the joined name, on worker 0 when times are wanted.
    @inline(__always)
    static func measure(
        _ times: LayerTimes?, _ worker: Int, _ prefix: String, _ infix: String, _ name: String,
        _ body: () -> Void
    ) {
        guard let times, worker == 0 else { return body() }
        let start = DispatchTime.now().uptimeNanoseconds
        body()
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
        times.milliseconds[prefix + infix + name, default: []].append(elapsed)
    }
}
