import ArgumentParser
import ModelFiles
import Models
import Search

/// `secateur convert`
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a language model, pruned or not, as GGUF or as a Hugging Face folder.",
        discussion: """
            llama.cpp loads the GGUF file, transformers the folder.

              secateur convert checkpoints/smollm2-fast --output pruned.gguf --type q8_0
              secateur convert checkpoints/smollm2-fast --format folder --output pruned
            """)

    /// What can be written.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case gguf
        case folder

        /// What is written.
        var output: OutputPath.Kind { self == .gguf ? .file : .newFolder }
    }

    @Argument(
        help: "A language model: a GGUF file, a folder, or a run folder.", completion: .file())
    var model: String

    @Option(help: "gguf or folder, which is safetensors with config.json and the tokenizer.")
    var format = Format.gguf

    @Option(help: "How GGUF stores matrices: f32, f16, q8_0 or q4_0. Folders are in single precision.")
    var type = GGUFTensor.Encoding.f32

    @Option(
        help: "The GGUF file to replace, or the folder to write, which must not exist.",
        completion: .file())
    var output: OutputPath

    func run() throws {
        try output.require(format.output)
        let loaded = try ModelArgument.loadDecoder(model)
        try output.requireApart(from: loaded.path)
        let export = DecoderExport(model: loaded.network, tokenizer: loaded.tokenizer)
        switch format {
        case .gguf: try export.writeGGUF(encoding: type, to: output.path)
        case .folder: try export.writeFolder(to: output.path)
        }
        print("The model is in \(output)")
    }
}

extension GGUFTensor.Encoding: ExpressibleByArgument {}
