import Foundation
import Tensors
import Testing
import Tokenizers

@testable import Transformers

@Suite struct EncoderTests {
    static let folder: String = {
        if let models = ProcessInfo.processInfo.environment["SECATEUR_MODELS"] { return "\(models)/minilm" }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("models/minilm").path
    }()
    static var hasModel: Bool { FileManager.default.fileExists(atPath: "\(folder)/model.safetensors") }

    private let sentences = [
        "A man is eating food.", "Hi",
        "The girl is carrying a baby, and a monkey is playing drums in the rain.",
        String(repeating: "word ", count: 200), "A cheetah is running behind its prey.", "!",
    ]

    @Test(.enabled(if: hasModel, "models/minilm is not here: `make model` fetches it"))
    func embeddingDoesNotDependOnTheBatchOrTheThreads() throws {
        let model = try Encoder(folder: Self.folder)
        let tokenizer = try Tokenizer(folder: Self.folder)
        let sequences = tokenizer.encode(sentences, maximumTokens: 256)
        let alone = ThreadPool()
        let together = model.embed(sequences, pool: alone)
        #expect(model.embed(sequences, pool: try ThreadPool(threads: 3)) == together)
        for (index, sequence) in sequences.enumerated() {
            let single = model.embed([sequence], pool: try ThreadPool(threads: 2))
            #expect(single.elements == Array(together.row(index)))
        }
    }

    @Test(.enabled(if: hasModel, "models/minilm is not here: `make model` fetches it"))
    func embeddingsAreThoseOfAnIndependentImplementation() throws {
        let model = try Encoder(folder: Self.folder)
        let tokenizer = try Tokenizer(folder: Self.folder)
        // From an independent BERT in double precision: Fixtures/make_embeddings.py.
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/embeddings.json")
        let reference = try JSONDecoder().decode(
            [String: [Float]].self, from: try Data(contentsOf: fixture))
        for (sentence, expected) in reference {
            let ids = tokenizer.encode(sentence, maximumTokens: 256)
            let found = model.embed([ids], pool: ThreadPool())
            for (a, b) in zip(found.elements, expected) { #expect(abs(a - b) < 1e-5) }
            #expect(expected.count == 384)
        }
    }

    @Test func anotherArchitectureIsRefused() throws {
        let folder = NSTemporaryDirectory() + "model-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try #"{"model_type": "gpt2"}"#.write(
            toFile: "\(folder)/config.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: (any Error).self) { try Encoder(folder: folder) }
        #expect(error.map { "\($0)".contains("config.json") && "\($0)".contains("gpt2") } == true)
    }

    @Test func chunksKeepEverySequenceWhole() {
        let sequences = [3, 5, 300, 2, 250, 10].map { [Int32](repeating: 1, count: $0) }
        let chunks = TokenBatch.chunks(of: sequences, tokens: 256)
        #expect(chunks.flatMap { Array($0) } == Array(0..<sequences.count))
        for chunk in chunks {
            #expect(chunk.count == 1 || sequences[chunk].reduce(0) { $0 + $1.count } <= 256)
        }
    }
}
