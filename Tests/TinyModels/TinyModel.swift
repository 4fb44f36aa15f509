import Foundation
import ModelFiles
import Tensors

/// A BERT folder small enough that a whole search takes seconds: two blocks of width 32, random weights.
public enum TinyModel {
    private static let hidden = 32
    private static let intermediate = 64

    /// What may differ from a plain encoder.
    public struct Shape {
        /// Heads of 16 features that each block has left.
        public var heads: [Int]
        /// Neurons that each block has left.
        public var neurons: [Int]
        /// Classes of a classifier. Default: none.
        public var classes: Int?

        /// Sets what differs.
        public init(heads: [Int] = [2, 2], neurons: [Int] = [64, 64], classes: Int? = nil) {
            self.heads = heads
            self.neurons = neurons
            self.classes = classes
        }
    }

    private static let words = [
        "the", "cat", "dog", "bird", "sits", "runs", "sings", "on", "under", "near", "a", "mat", "tree",
        "house", "red", "old", "quick", "and", "but", "sleeps", "eats", "one", "two", "many",
    ]
    private static let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

    /// Writes the folder.
    public static func write(to folder: String, seed: UInt64, shape: Shape = Shape()) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let vocabulary = special + words
        try text(vocabulary.joined(separator: "\n") + "\n", to: "\(folder)/vocab.txt")
        let configuration = """
            {"model_type": "bert", "hidden_act": "gelu", "hidden_size": \(hidden), "num_hidden_layers": \(shape.heads.count),
             "num_attention_heads": 2, "intermediate_size": \(intermediate), "vocab_size": \(vocabulary.count),
             "max_position_embeddings": 64, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
             "architectures": ["\(shape.classes == nil ? "BertModel" : "BertForSequenceClassification")"]}
            """
        try text(configuration, to: "\(folder)/config.json")
        var random = CounterBasedRandom(seed: seed)
        try SafetensorsWriter.write(
            tensors(vocabulary: vocabulary.count, shape: shape, using: &random), metadata: ["format": "pt"],
            to: "\(folder)/model.safetensors")
    }

    /// Writes a `tokenizer.json` with the same words, which is read before `vocab.txt`.
    public static func writeTokenizer(to path: String) throws {
        let vocabulary = (special + words).enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        let added = special.enumerated().map {
            "{\"id\": \($0), \"content\": \"\($1)\", \"single_word\": false, \"normalized\": false, "
                + "\"special\": true}"
        }
        try text(
            """
            {"version": "1.0", "added_tokens": [\(added.joined(separator: ", "))],
             "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                            "strip_accents": null, "lowercase": true},
             "pre_tokenizer": {"type": "BertPreTokenizer"},
             "post_processor": {"type": "TemplateProcessing", "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]},
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100, "vocab": {\(vocabulary)}}}
            """, to: path)
    }

    /// Writes sentences of known words, all different.
    public static func writeSentences(_ count: Int, to path: String, seed: UInt64) throws {
        var random = CounterBasedRandom(seed: seed)
        var lines: Set<String> = []
        while lines.count < count {
            let length = Int.random(in: 4...12, using: &random)
            lines.insert(
                (0..<length).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " "))
        }
        try text(lines.sorted().joined(separator: "\n") + "\n", to: path)
    }

    private static func tensors(
        vocabulary: Int, shape: Shape, using random: inout CounterBasedRandom
    ) -> [SafetensorsTensor] {
        var tensors: [SafetensorsTensor] = []
        let prefix = shape.classes == nil ? "" : "bert."
        func add(_ name: String, _ shape: [Int], spread: Float, centre: Float = 0) {
            let name = name.hasPrefix("classifier") ? name : prefix + name
            let floats = (0..<shape.reduce(1, *)).map { _ in
                centre + spread * Float(random.nextUniform() * 2 - 1)
            }
            tensors.append(SafetensorsTensor(name: name, shape: shape, floats: floats))
        }
        func norm(_ name: String) {
            add("\(name).weight", [hidden], spread: 0.1, centre: 1)
            add("\(name).bias", [hidden], spread: 0.1)
        }
        func linear(_ name: String, _ rows: Int, _ columns: Int) {
            add("\(name).weight", [rows, columns], spread: 0.4)
            add("\(name).bias", [rows], spread: 0.1)
        }
        add("embeddings.word_embeddings.weight", [vocabulary, hidden], spread: 1)
        add("embeddings.position_embeddings.weight", [64, hidden], spread: 0.2)
        add("embeddings.token_type_embeddings.weight", [2, hidden], spread: 0.1)
        norm("embeddings.LayerNorm")
        for (block, (heads, neurons)) in zip(shape.heads, shape.neurons).enumerated() {
            let prefix = "encoder.layer.\(block)"
            for name in ["query", "key", "value"] {
                linear("\(prefix).attention.self.\(name)", heads * 16, hidden)
            }
            linear("\(prefix).attention.output.dense", hidden, heads * 16)
            norm("\(prefix).attention.output.LayerNorm")
            linear("\(prefix).intermediate.dense", neurons, hidden)
            linear("\(prefix).output.dense", hidden, neurons)
            norm("\(prefix).output.LayerNorm")
        }
        if let classes = shape.classes {
            linear("pooler.dense", hidden, hidden)
            linear("classifier", classes, hidden)
        }
        return tensors
    }

    private static func text(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
