import ArgumentParser
import Search
import Tensors

/// `secateur embed`
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Embed sentences from standard input, one a line, as JSON lines.",
        discussion: """
              echo 'A cat sits.' | secateur embed checkpoints/minilm-half
              secateur embed models/minilm < sentences.txt > embeddings.jsonl

            Vectors are what the modules of a sentence-transformers folder make of them: pooling, Dense, Normalize.
            Of a folder without modules.json they are the mean over tokens, of length 1.
            """)

    @Argument(help: "A model folder, or a run folder.", completion: .directory)
    var model: String

    @Option(
        help:
            "The name of a prompt of the model to put before each sentence. Default: the model's own."
    )
    var prompt: String?

    @OptionGroup var threading: ThreadOptions

    func run() throws {
        let loaded = try ModelArgument.load(model, prompt: prompt)
        let pool = try ThreadPool(threads: threading.threads)
        var sentences: [String] = []
        func flush() throws {
            let sequences = loaded.sentences.encode(sentences)
            let embeddings = loaded.encoder.embed(sequences, pool: pool)
            for row in 0..<embeddings.rows { try Terminal.printJSON(Array(embeddings.row(row))) }
            sentences.removeAll()
        }
        while let line = readLine() {
            sentences.append(line)
            if sentences.count == 256 { try flush() }
        }
        if !sentences.isEmpty { try flush() }
    }
}
