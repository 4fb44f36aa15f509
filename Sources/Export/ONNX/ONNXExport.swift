import Levels
import ModelFiles
import SwiftProtobuf
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
        try AtomicFile.write(try ONNXEncoder.graph(checkpoint, folder: folder).serialized(), to: output)
    }
}
