import Foundation
import Levels
import ModelFiles
import Runs

/// What a finished run can be handed over as.
public enum ExportFormat: String, CaseIterable, Sendable {
    /// The policy alone, for another machine: `secateur.policy/1`.
    case policy
    /// A recipe of SparseML and llm-compressor: YAML.
    case recipe
    /// A configuration list of NNI's pruners: JSON.
    case nni
    /// Masks, weights, and a script that applies them with torch.nn.utils.prune.
    case torch
    /// A Hugging Face folder, with its zeros.
    case hf
    /// A folder in a layout of compressed-tensors: int-quantized, or sparse-bitmask without layers in int8.
    case compressed
    /// A GGUF file, for language models.
    case gguf
    /// The types of a GGUF file's tensors, for llama-quantize: text.
    case llamaQuantize = "llama-quantize"
    /// An ONNX file, for encoders.
    case onnx

    private var exporter: any Exporter.Type {
        switch self {
        case .policy: PolicyExport.self
        case .recipe: RecipeExport.self
        case .nni: NNIExport.self
        case .torch: TorchExport.self
        case .hf: HuggingFaceExport.self
        case .compressed: CompressedExport.self
        case .gguf: GGUFExport.self
        case .llamaQuantize: LlamaQuantizeExport.self
        case .onnx: ONNXExport.self
        }
    }

    /// What is written: a file, or a new folder.
    public var output: OutputPath.Kind { exporter.output }

    /// Levels of a policy of which the format keeps less than they say, each once, in the order of the layers.
    public func reduced(_ policy: Policy) -> [Level] {
        let phase = policy.workload?.phase ?? .prefill
        return policy.layers.map(\.level).reduce(into: []) { levels, level in
            if !exporter.keeps(level, in: phase), !levels.contains(level) { levels.append(level) }
        }
    }

    /// Writes a run in this format; it appears whole or not at all.
    ///
    /// - Parameters:
    ///   - output: the file to replace, or the folder to write, which must not exist.
    ///   - activations: how the inputs of layers in int8 are rounded; others than `token` for `onnx` alone.
    /// - Throws: `Issue` for a run without what the format needs, a model that the format does not
    ///   suit, an output that cannot be written.
    public func write(
        _ run: FinishedRun, to output: String, activations: ActivationScales = .token
    ) throws {
        try OutputPath(output).require(exporter.output)
        let path = OutputPath(output).path
        guard activations != .token else { return try exporter.write(run, to: path) }
        guard self == .onnx else {
            throw Issue(
                .mismatch, .option("activations"), found: "\(activations.name) with \(rawValue)",
                allowed: "token; static with onnx")
        }
        try ONNXExport.write(run, to: path, activations: activations)
    }
}

extension Exporter {
    /// Weights are written as floating point numbers.
    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool { level.precision == .float32 }
}

/// Writes one format.
protocol Exporter {
    /// What it writes.
    static var output: OutputPath.Kind { get }
    /// Whether its readers get all of a level: the same zeros, and the precision. Models for decoding hold weights
    /// of every precision as floats, which are rounded when they are packed.
    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool
    /// Writes a run to a file or a new folder, whole or not at all.
    static func write(_ run: FinishedRun, to output: String) throws
}
