import Levels
import ModelFiles
import Models
import SparseKernels
import SwiftProtobuf
import Tensors
import Transformers

/// An ONNX file, which onnxruntime loads; see ``ONNXEncoder`` for its inputs and outputs.
enum ONNXExport: Exporter {
    static let output = OutputPath.Kind.file

    /// Protocol buffers end there.
    private static let mostBytes = Int(Int32.max)

    /// Layers in int8 stay in it.
    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.precision == .float32 || level.precision.isInteger
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        try write(run, to: output, activations: .token)
    }

    /// Writes a run, the inputs of its layers in int8 rounded as told.
    static func write(_ run: FinishedRun, to output: String, activations: ActivationScales) throws {
        guard case .encoder(_, let folder) = try run.model() else {
            throw Issue(
                .unsupported, .path(run.folder), found: "a language model, which onnx is not for",
                allowed: "encoders")
        }
        let checkpoint = try EncoderCheckpoint(folder: folder, architectures: run.architectures)
        let bytes = checkpoint.parameterCount * MemoryLayout<Float>.size
        guard bytes < mostBytes else {
            throw Issue(
                .unsupported, .path(folder), found: "\(bytes) bytes of weights",
                allowed: "fewer than 2^31 in onnx")
        }
        let ranges = try ranges(run, folder, activations)
        try AtomicFile.write(
            try ONNXEncoder.graph(checkpoint, folder: folder, ranges: ranges).serialized(), to: output)
    }

    private static func ranges(_ run: FinishedRun, _ folder: String, _ activations: ActivationScales) throws
        -> ActivationRanges?
    {
        guard case .fixed(let sentences) = activations else { return nil }
        guard run.policy.layers.contains(where: { $0.level.precision == .int8 }) else {
            throw Issue(
                .mismatch, .option("activations"), found: "static, with no layer in int8",
                allowed: "token")
        }
        let model = try EncoderModel(folder: folder, architectures: run.architectures)
        return try ActivationRanges(
            of: model, on: sentences, pool: ThreadPool(threads: UsableProcessors.count()))
    }
}
