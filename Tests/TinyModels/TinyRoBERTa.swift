import Foundation
import ModelFiles
import Tensors

/// The folder of ``TinyModel`` as a RoBERTa: the same blocks, two more rows of positions before the first, one type of
/// tokens, and a classifier with a layer of its own.
public enum TinyRoBERTa {
    private static let names = [
        ("bert.pooler.dense", "classifier.dense"), ("classifier.weight", "classifier.out_proj.weight"),
        ("classifier.bias", "classifier.out_proj.bias"), ("bert.", "roberta."),
    ]

    /// Writes the folder.
    ///
    /// - Parameter type: `roberta`, `xlm-roberta` or `camembert`.
    public static func write(
        to folder: String, type: String = "roberta", seed: UInt64, classes: Int? = nil
    ) throws {
        try TinyModel.write(to: folder, seed: seed, shape: TinyModel.Shape(classes: classes))
        let path = "\(folder)/model.safetensors"
        let file = try SafetensorsFile(path: path)
        let tensors = try file.names.map { name in
            var (shape, floats) = (try file.info(name).shape, try file.float32(name))
            if name.hasSuffix("position_embeddings.weight") {
                shape[0] += 2
                floats = [Float](repeating: 0.5, count: 2 * shape[1]) + floats
            }
            if name.hasSuffix("token_type_embeddings.weight") {
                shape[0] = 1
                floats = Array(floats.prefix(shape[1]))
            }
            let renamed =
                names.first { name.hasPrefix($0.0) }.map { $0.1 + name.dropFirst($0.0.count) } ?? name
            return SafetensorsTensor(name: renamed, shape: shape, floats: floats)
        }
        try FileManager.default.removeItem(atPath: path)
        try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: path)
        let words = try String(contentsOfFile: "\(folder)/vocab.txt", encoding: .utf8)
        let kinds = ["roberta": "Roberta", "xlm-roberta": "XLMRoberta", "camembert": "Camembert"]
        let kind = (kinds[type] ?? "") + (classes == nil ? "Model" : "ForSequenceClassification")
        let configuration = """
            {"model_type": "\(type)", "hidden_act": "gelu", "hidden_size": 32, "num_hidden_layers": 2,
             "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": \(words.split(separator: "\n").count),
             "max_position_embeddings": 66, "type_vocab_size": 1, "layer_norm_eps": 1e-12, "pad_token_id": 1,
             "architectures": ["\(kind)"]}
            """
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
    }
}
