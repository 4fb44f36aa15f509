import ArgumentParser
import Dispatch
import Evaluation
import Foundation
import Levels
import Runs
import Search
import Secateur
import Tensors

/// `secateur generate`
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue a text with a language model.",
        discussion: """
            Text is shown as it is made; tokens per second follow on stderr.

              secateur generate models/smollm2 --prompt 'What is a tree?' \\
                  --chat --max-tokens 200
            """)

    @Argument(
        help: "A language model: a GGUF file, a folder, or a run folder.", completion: .file())
    var model: String

    @Option(help: "The text to continue.")
    var prompt: String

    @Flag(help: "Take the prompt for what a person says, in the model's own form of a conversation.")
    var chat = false

    @Option(help: "The most tokens to make.")
    var maxTokens = 128

    @Option(help: "How freely to choose: 0 takes the likeliest token.")
    var temperature = 0.0

    @Option(help: "Choose among the likeliest tokens that together have this probability.")
    var topP = 1.0

    @Option(help: "Fixes the random choices.")
    var seed: UInt64 = 1

    @Option(help: "How weights are kept: float, exact, or 8bit, faster.")
    var weights = WeightPrecision.float

    @OptionGroup var threading: ThreadOptions

    @Flag(help: "Print the ids of the tokens made as one JSON list, instead of text.")
    var json = false

    func validate() throws {
        var settings = Model.Generation()
        (settings.maximumTokens, settings.temperature, settings.topP) = (maxTokens, temperature, topP)
        do { try settings.require() } catch { throw ValidationError(ErrorLine.text(error)) }
    }

    func run() throws {
        let loaded = try ModelArgument.loadDecoder(model, precision: weights.precision)
        let text = chat ? try loaded.conversation(asking: prompt) : prompt
        let ids = loaded.tokenizer.encode(text, addingSpecialTokens: !chat)
        guard !ids.isEmpty else {
            throw Issue(.outOfRange, .option("prompt"), found: "no text", allowed: "at least one token")
        }
        guard ids.count < loaded.maximumTokens else {
            throw Issue(
                .outOfRange, .option("prompt"), found: "\(ids.count) tokens",
                allowed: "fewer than \(loaded.maximumTokens)")
        }
        var generation = try TextGeneration(
            model: loaded.network, prompt: ids,
            sampler: Sampler(temperature: temperature, topP: topP, seed: seed),
            endIDs: loaded.tokenizer.endIDs, maximumTokens: min(maxTokens, loaded.maximumTokens - ids.count),
            pool: ThreadPool(threads: threading.threads))
        var made: [Int32] = []
        while let id = generation.next() {
            made.append(id)
            if !json { try Terminal.write(Data(loaded.tokenizer.bytes(of: id))) }
        }
        if json { try Terminal.printJSON(made) } else { try Terminal.write(Data("\n".utf8)) }
        let decimal = Terminal.decimal
        Terminal.note(
            "prompt \(ids.count) tokens, \(decimal(generation.prefillTokensPerSecond, 1)) tokens/s; "
                + "made \(made.count), \(decimal(generation.decodeTokensPerSecond, 1)) tokens/s")
    }
}
