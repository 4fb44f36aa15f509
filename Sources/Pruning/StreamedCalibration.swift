import Levels
import Tensors
import Transformers

/// Calibrates a model's layers group after group, so that the covariances of a group are all that is held.
///
/// A language model's covariances take as much memory as its weights; running over the text once more for
/// each group costs far less time than pruning does.
public final class StreamedCalibration<Model: PrunableModel> {
    private let model: Model
    private let sequences: [[Int32]]
    private let pool: ThreadPool
    private let mostBytes: Int
    private let progress: (Double) -> Void
    private var group: Calibration?

    /// Prepares to run over token ids.
    ///
    /// - Parameters:
    ///   - mostBytes: how large the covariances of a group may be.
    ///   - progress: is told the fraction of a group's calibration that is done.
    public init(
        model: Model, sequences: [[Int32]], pool: ThreadPool, mostBytes: Int = 192 << 20,
        progress: @escaping (Double) -> Void = { _ in }
    ) {
        self.model = model
        self.sequences = sequences
        self.pool = pool
        self.mostBytes = mostBytes
        self.progress = progress
    }

    /// The covariance of a layer's inputs; layers are best asked for in the order of the model.
    public func covariance(of layer: LayerShape) -> InputCovariance? {
        if let known = group?.covariances[layer.name] { return known }
        // The old group goes before the new one is made.
        group = nil
        let made = Calibration(
            model: model, sequences: sequences, layers: names(from: layer), pool: pool, progress: progress)
        group = made
        return made.covariances[layer.name]
    }

    /// A layer and those after it, as far as there is room.
    private func names(from layer: LayerShape) -> Set<String> {
        var names: Set<String> = [layer.name]
        var bytes = layer.cols * layer.cols * MemoryLayout<Float>.size
        for next in model.layerShapes.drop(while: { $0.name != layer.name }).dropFirst() {
            bytes += next.cols * next.cols * MemoryLayout<Float>.size
            guard bytes <= mostBytes else { break }
            names.insert(next.name)
        }
        return names
    }
}
