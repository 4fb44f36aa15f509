import Foundation
import Levels
import ModelFiles
import Models
import Testing
import Tokenizers
import Transformers

/// Qwen2 in both formats; what transformers and tokenizers give:
/// TransformersTests/Fixtures/make_architectures.py.
@Suite struct Qwen2Tests {
    private struct Text: Decodable {
        let text: String
        let ids: [Int32]
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("TransformersTests/Fixtures/qwen2-tiny").path

    private func withGGUF(_ body: (_ path: String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "qwen2-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try DecoderExport(
            model: Decoder(path: Self.folder), tokenizer: Tokenizer(folder: Self.folder)
        ).writeGGUF(encoding: .f32, to: path)
        try body(path)
    }

    @Test func tokensAreThoseOfTokenizers() throws {
        let texts = try JSONDecoder().decode(
            [Text].self, from: Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/tokens.json")))
        try withGGUF { path in
            for tokenizer in [
                try Tokenizer(folder: Self.folder),
                try Tokenizer(gguf: GGUFFile(path: path)),
            ] {
                for text in texts { #expect(tokenizer.encode(text.text) == text.ids) }
                #expect(tokenizer.endIDs == [0, 2])
            }
        }
    }

    /// Names are llama.cpp's; rows of queries and keys stand as in the folder, and biases with them.
    @Test func ggufFilesAreAsLlamaCppReadsThem() throws {
        let source = try SafetensorsFile(path: "\(Self.folder)/model.safetensors")
        try withGGUF { path in
            let gguf = try GGUFFile(path: path)
            #expect(try gguf.string("general.architecture") == "qwen2")
            #expect(try gguf.string("tokenizer.ggml.pre") == "qwen2")
            #expect(try gguf.integer("qwen2.attention.head_count_kv", in: 1...8) == 2)
            #expect(try gguf.number("qwen2.rope.freq_base", in: 1...1e6) == 10_000)
            #expect(try gguf.number("qwen2.attention.layer_norm_rms_epsilon", in: 0...1).isFinite)
            for (name, other) in [("attn_q", "q"), ("attn_k", "k"), ("attn_v", "v")] {
                for kind in ["weight", "bias"] {
                    let floats = try gguf.tensor("blk.1.\(name).\(kind)").floats()
                    #expect(
                        try floats == source.float32("model.layers.1.self_attn.\(other)_proj.\(kind)"))
                }
            }
            #expect(gguf.tensors["blk.0.attn_output.bias"] == nil && gguf.tensors["output.weight"] == nil)
        }
    }

    @Test func windowsOfAttentionAreRefused() throws {
        let folder = NSTemporaryDirectory() + "qwen2-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.folder, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/config.json"
        try String(contentsOfFile: path, encoding: .utf8)
            .replacing("\"use_sliding_window\": false", with: "\"use_sliding_window\": true")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try Decoder(path: folder) }
        #expect(error?.description.contains("'use_sliding_window': found true, allowed false") == true)
    }
}
