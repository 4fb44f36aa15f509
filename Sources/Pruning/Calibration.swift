import Tensors
import Transformers

/// The covariances of every layer's inputs over calibration sequences, dense model.
public struct Calibration: Sendable {
    /// H = X·Xᵀ by layer name; layers that share their input share it.
    public private(set) var covariances: [String: InputCovariance] = [:]

    /// Runs the model over the sequences.
    ///
    /// - Parameters:
    ///   - layers: those to calibrate. Default: all.
    ///   - progress: is told the fraction done.
    public init(
        model: some PrunableModel, sequences: [[Int32]], layers wanted: Set<String>? = nil, pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) {
        var sums: [String: InputCovariance] = [:]
        var sharing: [String: [String]] = [:]
        model.observeInputs(of: sequences, pool: pool, progress: progress) { layers, input in
            if let wanted, wanted.isDisjoint(with: layers) { return }
            sharing[layers[0]] = layers
            sums[layers[0], default: InputCovariance(columns: input.features)].add(input, pool: pool)
        }
        for (first, layers) in sharing {
            for layer in layers { covariances[layer] = sums[first] }
        }
    }
}
