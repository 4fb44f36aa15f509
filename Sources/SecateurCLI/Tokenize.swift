import ArgumentParser
import Foundation
import Levels
import Runs
import Search
import Tokenizers

/// `secateur tokenize`
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the token ids of the text on standard input.",
        discussion: """
              printf 'Hello world!' | secateur tokenize models/smollm2 --json
            """)

    @Argument(
        help: "A language model: a GGUF file, a folder, or a run folder.", completion: .file())
    var model: String

    @Flag(help: "Print one JSON list of ids instead of a line for each token.")
    var json = false

    func run() throws {
        let tokenizer = try ModelArgument.tokenizer(model)
        let input = FileHandle.standardInput.readDataToEndOfFile()
        guard let text = String(data: input, encoding: .utf8) else {
            throw Issue(
                .malformed, .other("standard input"), found: "bytes that are not UTF-8", allowed: "UTF-8 text"
            )
        }
        let ids = tokenizer.encode(text)
        if json { return try Terminal.printJSON(ids) }
        for id in ids {
            print("\(id)\t\(String(decoding: tokenizer.bytes(of: id), as: UTF8.self).debugDescription)")
        }
    }
}
