import Foundation
import Levels
import ModelFiles
import Models
import Tensors
import Testing
import Tokenizers
import Transformers

@Suite struct DecoderExportTests {
    private static func fixture(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("TransformersTests/Fixtures/\(name)").path
    }

    private static func logits(_ model: Decoder) -> [Float] {
        let pool = ThreadPool()
        let state = model.state(capacity: 8, threads: 1)
        model.forward([3, 1, 4, 1, 5, 9, 2, 6] as [Int32], state, pool: pool)
        return model.nextTokenLogits(state, pool: pool)
    }

    private let scratch: String

    init() throws {
        scratch = NSTemporaryDirectory() + "export-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        try #"""
        {"normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
         "added_tokens": [{"id": 3, "content": "<|endoftext|>", "single_word": false}],
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}
        """#.write(toFile: "\(scratch)/tokenizer.json", atomically: true, encoding: .utf8)
    }

    /// A model computes the same after a way through GGUF, and from there through a folder.
    @Test(arguments: ["gpt2-tiny", "llama-tiny", "qwen2-tiny"])
    func bothFormatsKeepTheModel(name: String) throws {
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let model = try Decoder(path: Self.fixture(name))
        let tokenizer = try Tokenizer(folder: scratch)
        let gguf = "\(scratch)/model.gguf"
        try DecoderExport(model: model, tokenizer: tokenizer).writeGGUF(encoding: .f32, to: gguf)
        let second = try Decoder(path: gguf)
        #expect(second.parameterCount == model.parameterCount)
        #expect(Self.logits(second) == Self.logits(model))
        let reread = try Tokenizer(gguf: GGUFFile(path: gguf))
        #expect(reread.encode("abba<|endoftext|>") == [2, 1, 0, 3])
        #expect(reread.endIDs == [3])

        let folder = "\(scratch)/folder"
        try DecoderExport(model: second, tokenizer: reread).writeFolder(to: folder)
        #expect(Self.logits(try Decoder(path: folder)) == Self.logits(model))
        #expect(try Tokenizer(folder: folder).encode("abba<|endoftext|>") == [2, 1, 0, 3])
    }

    @Test(arguments: ["gpt2-tiny", "llama-tiny", "qwen2-tiny"])
    func replacedWeightsAreWritten(name: String) throws {
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let model = try Decoder(path: Self.fixture(name))
        let shape = model.layerShapes[0]
        let pruned = Matrix(
            rows: shape.rows, columns: shape.cols,
            elements: (0..<shape.weightCount).map { $0 % 3 == 0 ? Float($0) : 0 })
        let export = DecoderExport(
            model: model, tokenizer: try Tokenizer(folder: scratch), replacing: [shape.name: pruned])
        try export.writeGGUF(encoding: .f32, toFolder: "\(scratch)/gguf")
        try export.writeFolder(to: "\(scratch)/folder")
        for path in ["\(scratch)/gguf/model.gguf", "\(scratch)/folder"] {
            let written = try Decoder(path: path)
            #expect(try written.weight(of: shape.name) == pruned)
            let other = model.layerShapes[1].name
            #expect(try written.weight(of: other) == model.weight(of: other))
        }
        #expect(throws: Levels.Issue.self) { try export.writeFolder(to: "\(scratch)/folder") }
    }
}
