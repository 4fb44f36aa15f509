import Foundation
import ModelFiles
import Tensors

/// A Llama folder of two narrow blocks with random weights and a byte-level tokenizer.
public enum TinyDecoder {
    private static let vocabulary = 64

    /// Writes the folder.
    ///
    /// - Parameter hidden: the width, a multiple of 8.
    public static func write(to folder: String, seed: UInt64, hidden: Int = 16) throws {
        let (intermediate, head) = (hidden * 3 / 2, hidden / 4)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let configuration = """
            {"model_type": "llama", "hidden_act": "silu", "hidden_size": \(hidden), "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": \(head),
             "intermediate_size": \(intermediate), "vocab_size": \(vocabulary), "max_position_embeddings": 64,
             "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": false,
             "attention_bias": false, "mlp_bias": false, "bos_token_id": 1, "eos_token_id": 3}
            """
        try AtomicFile.write(configuration, to: "\(folder)/config.json")
        try AtomicFile.write(tokenizer, to: "\(folder)/tokenizer.json")
        var random = CounterBasedRandom(seed: seed)
        var tensors: [SafetensorsTensor] = []
        func add(_ name: String, _ shape: [Int], centre: Float = 0) {
            let floats = (0..<shape.reduce(1, *)).map { _ in
                centre + 0.25 * Float(random.nextUniform() * 2 - 1)
            }
            tensors.append(SafetensorsTensor(name: "\(name).weight", shape: shape, floats: floats))
        }
        add("model.embed_tokens", [vocabulary, hidden])
        for block in 0..<2 {
            let prefix = "model.layers.\(block)"
            for name in ["input_layernorm", "post_attention_layernorm"] {
                add("\(prefix).\(name)", [hidden], centre: 1)
            }
            for (name, rows) in [("q", hidden), ("k", 2 * head), ("v", 2 * head), ("o", hidden)] {
                add("\(prefix).self_attn.\(name)_proj", [rows, hidden])
            }
            add("\(prefix).mlp.gate_proj", [intermediate, hidden])
            add("\(prefix).mlp.up_proj", [intermediate, hidden])
            add("\(prefix).mlp.down_proj", [hidden, intermediate])
        }
        add("model.norm", [hidden], centre: 1)
        add("lm_head", [vocabulary, hidden])
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: "\(folder)/model.safetensors")
    }

    private static let tokenizer = #"""
        {"normalizer": null, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
         "added_tokens": [{"id": 3, "content": "<|endoftext|>", "single_word": false}],
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "c": 4, "abc": 5},
                   "merges": ["a b", "ab c"]}}
        """#
}
