import Environments
import Evaluation
import Foundation
import Levels
import ModelFiles
import Pruning
import SparseKernels
import Tensors
import Transformers

/// A model folder or file, loaded, as a search needs it. Two conform: ``EncoderModel`` and ``DecoderModel``.
public protocol SearchableModel: Sendable {
    /// The network that is pruned.
    associatedtype Network: PrunableModel

    /// Loads a folder or a file, each layer packed by the pattern of its zeros in a precision.
    /// - Throws: `ModelFileError` for what is missing, malformed or of another architecture.
    init(path: String, precision: Precision) throws

    /// The network.
    var network: Network { get }
    /// Tokens of a sequence whose latency is measured, unless told otherwise.
    static var standardTokens: Int { get }
    /// The levels that a search for a phase chooses from, unless told otherwise.
    static func standardLevels(for phase: Workload.Phase) -> LevelSet
    /// Whether the model computes passes of a phase.
    static func computes(_ phase: Workload.Phase) -> Bool
    /// The longest input, in tokens.
    var maximumTokens: Int { get }
    /// What the architecture is called.
    var architecture: String { get }
    /// What its outputs depend on besides weights and token ids, as a text that differs where they do; nil where
    /// it is what is usual.
    var outputIdentity: String? { get }
    /// What token ids depend on besides the weights, as a text that differs where they do.
    var inputIdentity: String { get }
    /// SHA-256 of the weights.
    func digest() throws -> String
    /// The part of the training file that is calibrated on, as in ``searchData(_:pool:)``.
    func calibrationData(_ options: SearchOptions) throws -> [[Int32]]
    /// The training file, cut into what is calibrated and what is judged on.
    func searchData(_ options: SearchOptions, pool: ThreadPool) throws -> SearchData<Network>
    /// The task of a file that is only reported on; `dense` is what fidelity compares with.
    func validationTask(_ options: SearchOptions, path: String, dense: Self, pool: ThreadPool) throws
        -> any ModelTask<Network>
    /// Tells the effects of switching levels by gradients; nil for models without a backward pass.
    func switches(_ inputs: SearchInputs<Self>, levels: LevelWeights) throws -> (any SwitchEffects)?
    /// Writes the model with some weights replaced, by layer name; it appears whole or not at all.
    func write(_ weights: [String: Matrix], to folder: String) throws
}

extension SearchOptions.Task {
    /// The kind of model that has this task.
    public var modelType: any SearchableModel.Type {
        switch self {
        case .sts, .fidelity: EncoderModel.self
        case .lm: DecoderModel.self
        }
    }
}

extension SearchableModel {
    /// What is usual.
    public var outputIdentity: String? { nil }

    /// Nothing.
    public var inputIdentity: String { "" }

    /// Cannot tell.
    public func switches(_ inputs: SearchInputs<Self>, levels: LevelWeights) throws -> (any SwitchEffects)?
    {
        nil
    }

    /// Bytes of the weights as they are held in memory, packed, embeddings included.
    public var sizeBytes: Int { network.sizeBytes }

    /// The key of the level database that a search with this solver and these calibration tokens has.
    static func databaseKey(
        digest: String, calibration: [[Int32]], score: PruningScore, levels: LevelSet
    ) -> String {
        LevelDatabase.key(
            model: digest, calibration: SearchData<Network>.digest(of: calibration), score: score,
            levels: LevelWeights.zeros(of: levels))
    }
}

/// The parts of the training file, disjoint as far as it is long enough: what to calibrate on, what the
/// reward is computed on, and what the final policy is picked by.
public struct SearchData<Network: PrunableModel>: Sendable {
    /// Token ids to calibrate on.
    let calibration: [[Int32]]
    /// What the reward is computed on.
    let reward: any ModelTask<Network>
    /// What the final policy is picked by.
    let check: any ModelTask<Network>

    /// SHA-256 of the token ids to calibrate on.
    var digest: String { Self.digest(of: calibration) }

    /// SHA-256 of token ids.
    static func digest(of sequences: [[Int32]]) -> String {
        var bytes = Data()
        for sequence in sequences {
            for id in sequence { withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) } }
            bytes.append(contentsOf: [255, 255, 255, 255])
        }
        return FileDigest.sha256(bytes)
    }
}
