import ArgumentParser
import Evaluation
import Export
import ModelFiles

/// `secateur export`
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write what a search found in a format that other tools read.",
        discussion: """
            policy       policy.json, for `secateur apply` and for programs
            recipe       YAML recipe of SparseML and llm-compressor; of blocks
                         such as 4x1 the sparsity alone
            nni          configuration list of NNI's pruners, JSON; of 2:4 the
                         sparsity alone
            torch        folder: masks, weights, and a script that applies them
            hf           folder that transformers loads, zeros in place
            compressed   folder in compressed-tensors' int-quantized layout, or in
                         sparse-bitmask where no layer of an encoder is in int8
            gguf         file that llama.cpp loads, layers in int8 as q8_0 and in
                         int4 as q4_0; language models
            llama-quantize
                         a tensor-type file for llama-quantize; language models
            onnx         file that onnxruntime and OpenVINO load; encoders

            Weights are written with their zeros. Layers in int8 stay in it in policy, \
            onnx and compressed; elsewhere, and in language models but in gguf, their \
            weights are floating point numbers. hf and compressed hold rounded weights \
            of layers in bfloat16, in 16 bits, and onnx as floats.

              secateur export checkpoints/minilm-half --format onnx \\
                  --output minilm-half.onnx
              secateur export checkpoints/minilm-half --format onnx \\
                  --activations static --train text.txt --output minilm-half.onnx
            """)

    @Argument(
        help: ArgumentHelp("The folder of a run that has ended.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Option(help: "What to write.")
    var format: ExportFormat

    @Option(
        help: "The file to replace, or the folder to write, which must not exist.", completion: .file())
    var output: OutputPath

    /// How inputs of layers in int8 are rounded.
    enum Activations: String, CaseIterable, ExpressibleByArgument {
        case token
        case fixed = "static"
    }

    @Option(
        help: """
            For onnx, how inputs of layers in int8 are rounded: token, by a scale for each token as Secateur does, or \
            static, by scales that are found on --train beforehand; OpenVINO computes those alone in int8.
            """)
    var activations = Activations.token

    @Option(
        help: "Text that static scales are found on, a sentence a line, or sentences of a .tsv file.",
        completion: .file())
    var train: String?

    func validate() throws {
        guard (activations == .fixed) == (train != nil) else {
            throw ValidationError(
                train == nil
                    ? "--train: found none, allowed text to find the scales of --activations static on"
                    : "--train: found with --activations token, allowed with static")
        }
    }

    func run() throws {
        let run = try FinishedRun(folder: runFolder)
        try output.require(format.output)
        let sentences = try train.map { try Datasets.sentences(path: $0) }
        try format.write(
            run, to: output.path, activations: sentences.map { .fixed(sentences: $0) } ?? .token)
        let reduced = format.reduced(run.policy)
        if !reduced.isEmpty {
            let levels = reduced.map(\.description).joined(separator: ", ")
            Terminal.note("\(format.rawValue) does not say all of \(levels): --help tells what it keeps")
        }
        print("\(format.rawValue) is in \(output)")
    }
}

extension ExportFormat: ExpressibleByArgument {}
