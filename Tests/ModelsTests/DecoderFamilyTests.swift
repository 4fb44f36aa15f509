import Foundation
import Levels
import ModelFiles
import Models
import Tensors
import Testing
import Tokenizers
import Transformers

/// Every family of decoders, written in both formats and read again.
@Suite struct DecoderFamilyTests {
    private static func fixture(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("TransformersTests/Fixtures/\(name)").path
    }

    private func logits(_ path: String, threads: Int = 1) throws -> [Float] {
        let model = try Decoder(path: path)
        let pool = try ThreadPool(threads: threads)
        let state = model.state(capacity: 20, threads: threads)
        model.forward(
            [1, 5, 9, 2, 33, 60, 17, 17, 4, 0, 63, 21, 8, 8, 41, 30, 12, 3, 55, 2], state, pool: pool)
        return model.nextTokenLogits(state, pool: pool)
    }

    @Test(arguments: [
        "gpt2-tiny", "llama-tiny", "llama3-tiny", "llama-linear-tiny", "mistral-tiny", "qwen2-tiny",
        "qwen3-tiny",
        "smollm3-tiny",
    ])
    func bothFormatsKeepTheModel(_ name: String) throws {
        let scratch = NSTemporaryDirectory() + "families-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let tokenizer = try Tokenizer(folder: Self.fixture("qwen2-tiny"))
        let (gguf, folder, again) = ("\(scratch)/model.gguf", "\(scratch)/folder", "\(scratch)/again.gguf")
        let expected = try logits(Self.fixture(name))
        try DecoderExport(model: Decoder(path: Self.fixture(name)), tokenizer: tokenizer)
            .writeGGUF(encoding: .f32, to: gguf)
        try DecoderExport(model: Decoder(path: gguf), tokenizer: tokenizer).writeFolder(to: folder)
        try DecoderExport(model: Decoder(path: folder), tokenizer: tokenizer)
            .writeGGUF(encoding: .f32, to: again)
        for path in [gguf, folder, again] {
            let found = try logits(path)
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 }, "\(path)")
        }
        // Nothing is added on the way.
        #expect(try GGUFFile(path: gguf).names.sorted() == GGUFFile(path: again).names.sorted())
    }

    /// What is wrong with the file of a Llama that has something more.
    private func issue(adding tensors: [GGUFTensor] = [], entries: [GGUFEntry] = []) throws -> Levels.Issue? {
        let path = NSTemporaryDirectory() + "extra-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let tokenizer = try Tokenizer(folder: Self.fixture("qwen2-tiny"))
        try DecoderExport(model: Decoder(path: Self.fixture("llama-tiny")), tokenizer: tokenizer)
            .writeGGUF(encoding: .f32, to: path)
        let file = try GGUFFile(path: path)
        let own = try file.names.map { name in
            let tensor = try file.tensor(name)
            return GGUFTensor(name: name, shape: tensor.shape, encoding: .f32) { try tensor.floats() }
        }
        try GGUFWriter.write(own + tensors, metadata: file.metadata + entries, to: path)
        return #expect(throws: Levels.Issue.self) { try Decoder(path: path) }
    }

    /// Biases that no one adds, and the like.
    @Test(arguments: ["blk.0.attn_q.bias", "blk.1.attn_post_norm.weight", "rope_freqs.weight"])
    func tensorsThatNobodyComputesWithAreRefused(_ name: String) throws {
        let extra = GGUFTensor(name: name, shape: [3], encoding: .f32) { [1, 2, 3] }
        #expect(try issue(adding: [extra])?.field == .tensor(name))
    }

    /// A key that only another version of the family has.
    @Test(arguments: ["llama.logit_scale", "llama.expert_count", "llama.rope.scaling.type"])
    func keysThatAreNotKnownAreRefused(_ key: String) throws {
        #expect(try issue(entries: [GGUFEntry(key: key, value: .string("yarn"))])?.field == .key(key))
    }

    /// A file under another name, as in a store of blobs.
    @Test func ggufFilesAreKnownByWhatTheyHold() throws {
        let scratch = NSTemporaryDirectory() + "blob-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let tokenizer = try Tokenizer(folder: Self.fixture("qwen2-tiny"))
        try DecoderExport(model: Decoder(path: Self.fixture("qwen2-tiny")), tokenizer: tokenizer)
            .writeGGUF(encoding: .f32, to: scratch)
        #expect(DecoderModel.isAt(scratch))
        #expect(try DecoderModel.tokenizer(path: scratch).vocabularySize == tokenizer.vocabularySize)
    }
}
