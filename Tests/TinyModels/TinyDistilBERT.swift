import Foundation
import ModelFiles
import Tensors

/// The folder of ``TinyModel`` as a DistilBERT: the same blocks under DistilBERT's names, without token
/// types.
public enum TinyDistilBERT {
    private static let names = [
        ("encoder.layer", "transformer.layer"), ("attention.self.query", "attention.q_lin"),
        ("attention.self.key", "attention.k_lin"), ("attention.self.value", "attention.v_lin"),
        ("attention.output.dense", "attention.out_lin"), ("attention.output.LayerNorm", "sa_layer_norm"),
        ("intermediate.dense", "ffn.lin1"), ("output.dense", "ffn.lin2"),
        ("output.LayerNorm", "output_layer_norm"), ("bert.pooler.dense", "pre_classifier"),
        ("bert.", "distilbert."),
    ]

    /// Writes the folder.
    public static func write(to folder: String, seed: UInt64, classes: Int? = nil) throws {
        let shape = TinyModel.Shape(classes: classes)
        try TinyModel.write(to: folder, seed: seed, shape: shape)
        let path = "\(folder)/model.safetensors"
        let file = try SafetensorsFile(path: path)
        let tensors = try file.names.filter { !$0.contains("token_type") }.map { name in
            SafetensorsTensor(
                name: names.reduce(name) { $0.replacingOccurrences(of: $1.0, with: $1.1) },
                shape: try file.info(name).shape, floats: try file.float32(name))
        }
        try FileManager.default.removeItem(atPath: path)
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: path)
        let words = try String(contentsOfFile: "\(folder)/vocab.txt", encoding: .utf8)
        let kind = classes == nil ? "Model" : "ForSequenceClassification"
        let configuration = """
            {"model_type": "distilbert", "activation": "gelu", "dim": 32, "n_layers": 2, "n_heads": 2,
             "hidden_dim": 64, "vocab_size": \(words.split(separator: "\n").count),
             "max_position_embeddings": 64, "sinusoidal_pos_embds": false,
             "architectures": ["DistilBert\(kind)"]}
            """
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
    }
}
