import Foundation
import Levels
import ModelFiles

/// The types of the layers' tensors as llama-quantize's `--tensor-type-file` takes them.
///
/// A line for each layer, `^blk\.0\.attn_q\.weight$=q8_0`: a regular expression that is searched for in the names of
/// tensors, and a type of ggml. llama-quantize writes names in lower case before it compares, which GGUF's are
/// already, and looks at the file only when the type on its command line is itself one of whole numbers.
enum LlamaQuantizeExport: Exporter {
    static let output = OutputPath.Kind.file

    /// Types say nothing of zeros.
    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.keepsAll && GGUFExport.keeps(level, in: phase)
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        let layers = try GGUFExport.layers(run, GGUFExport.decoder(run, for: .llamaQuantize))
        try AtomicFile.write(layers.map { line($0.tensor, $0.encoding) }.joined(), to: output)
    }

    private static func line(_ tensor: String, _ encoding: GGUFTensor.Encoding) -> String {
        "^\(tensor.replacing(".", with: "\\."))$=\(encoding.rawValue)\n"
    }
}
