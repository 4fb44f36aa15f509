import Levels
import ModelFiles
import Models
import Runs

/// A GGUF file, which llama.cpp loads: layers in int8 as `q8_0`, in int4 as `q4_0`, everything else in single precision.
enum GGUFExport: Exporter {
    static let output = OutputPath.Kind.file

    /// Zeros stay zeros there, too.
    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.precision == .float32 || level.precision.isInteger
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        let export = try decoder(run, for: .gguf)
        let encodings = try layers(run, export).reduce(into: [:]) { $0[$1.layer] = $1.encoding }
        try export.writeGGUF(to: output) { encodings[$0] ?? .f32 }
    }

    /// The language model of a run.
    /// - Throws: `Issue` for an encoder.
    static func decoder(_ run: FinishedRun, for format: ExportFormat) throws -> DecoderExport {
        switch try run.model() {
        case .decoder(let export, _): return export
        case .encoder(_, let folder):
            throw Issue(
                .unsupported, .path(folder), found: "an encoder, which \(format.rawValue) is not for",
                allowed: "language models")
        }
    }

    /// Every layer of a policy, what GGUF files call its matrix, and how its level is stored there: `q8_0` for int8
    /// and `q4_0` for int4 where rows are whole blocks, else single precision.
    /// - Throws: `Issue` for a layer that is not the model's.
    static func layers(_ run: FinishedRun, _ export: DecoderExport) throws
        -> [(layer: String, tensor: String, encoding: GGUFTensor.Encoding)]
    {
        let matrices = export.ggufMatrices
        return try run.policy.layers.map { choice in
            guard let matrix = matrices[choice.layer] else {
                throw Issue(
                    .mismatch, .path(run.folder), field: .tensor(choice.layer),
                    found: "no such matrix, which the policy has a level for")
            }
            let fits = matrix.columns % GGUFElementType.q8_0.blockElements == 0
            let encodings: [Precision: GGUFTensor.Encoding] = [.int8: .q8_0, .int4: .q4_0]
            return (choice.layer, matrix.tensor, fits ? encodings[choice.level.precision] ?? .f32 : .f32)
        }
    }
}
