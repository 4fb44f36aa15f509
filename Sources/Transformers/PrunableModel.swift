import Levels
import Tensors

/// A model whose linear layers can be pruned. Two conform: ``Encoder`` and ``Decoder``.
///
/// A value type: ``replacing(_:)`` gives a model with other operators that shares everything else.
public protocol PrunableModel: Sendable {
    /// Memory that passes work in, kept between them. Models of the same sizes can share it.
    associatedtype PassMemory

    /// Sees the input [columns × tokens] of the linear layers named, which share it.
    typealias InputObserver = (_ layers: [String], _ input: PanelMatrix) -> Void

    /// What its layers are packed for where no one says otherwise.
    static var usualPhase: Workload.Phase { get }
    /// Whether sublayers can have fewer heads or neurons, or be removed, so that they take less time or none.
    static var supportsStructure: Bool { get }
    /// Every prunable layer, in the order of computation.
    var layerShapes: [LayerShape] { get }
    /// Number of parameters of the whole model, embeddings included.
    var parameterCount: Int { get }
    /// Bytes in memory of everything that is not pruned, embeddings and output layer included.
    var otherSizeBytes: Int { get }
    /// The linear operators by layer name.
    var operators: [String: any LinearOperator] { get }
    /// A layer's weight [rows × cols] as it was loaded, read from the file when it is not held in memory.
    func weight(of layer: String) throws -> Matrix
    /// A layer's bias; zeros where it has none.
    func bias(of layer: String) -> [Float]
    /// The same model with other operators for some layers.
    func replacing(_ operators: [String: any LinearOperator]) -> Self
    /// The same model, or one of fewer blocks that has every layer shape: what kernels are measured in.
    var forProfiling: Self { get }

    /// Allocates for passes of a workload.
    func memory(for workload: Workload, threads: Int) -> PassMemory
    /// Runs one pass of a workload on made-up tokens: of one with lengths, the first.
    ///
    /// - Parameter times: is told how long worker 0 took for each linear layer.
    func pass(_ workload: Workload, _ memory: PassMemory, pool: ThreadPool, times: LayerTimes?)

    /// Runs over sequences and shows the input of every linear layer, on the calling thread.
    func observeInputs(
        of sequences: [[Int32]], pool: ThreadPool, progress: (Double) -> Void,
        observer: @escaping InputObserver)
}

extension PrunableModel {
    /// No.
    public static var supportsStructure: Bool { false }

    /// Number of parameters in prunable layers.
    public var prunableParameterCount: Int {
        layerShapes.reduce(0) { $0 + $1.weightCount }
    }

    /// Four for each parameter outside of prunable layers.
    public var otherSizeBytes: Int {
        (parameterCount - prunableParameterCount) * MemoryLayout<Float>.size
    }

    /// Bytes in memory of the whole model, each layer as its operator packs it.
    public var sizeBytes: Int {
        operators.values.reduce(otherSizeBytes) { $0 + $1.sizeBytes }
    }
}
