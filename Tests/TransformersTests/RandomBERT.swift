import Foundation
import ModelFiles
import Tensors

/// A small BERT with random weights that heads, neurons and blocks can be taken out of, by hand: the tensors
/// are cut as transformers cuts them.
struct RandomBERT {
    static let hidden = 32
    static let heads = 4
    static let headSize = 8
    static let intermediate = 44
    static let vocabulary = 20

    var blocks = 3
    /// The tensors by name; vectors are matrices of one column.
    var tensors: [String: Matrix] = [:]
    var configuration: [String: Any] = [
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": hidden, "num_attention_heads": heads,
        "intermediate_size": intermediate, "vocab_size": vocabulary, "max_position_embeddings": 80,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    ]

    init(seed: UInt64) {
        var random = CounterBasedRandom(seed: seed)
        func add(_ name: String, _ rows: Int, _ columns: Int = 1, spread: Float, centre: Float = 0) {
            let floats = (0..<rows * columns).map { _ in
                centre + spread * Float(random.nextUniform() * 2 - 1)
            }
            tensors[name] = Matrix(rows: rows, columns: columns, elements: floats)
        }
        func norm(_ name: String) {
            add("\(name).weight", Self.hidden, spread: 0.2, centre: 1)
            add("\(name).bias", Self.hidden, spread: 0.2)
        }
        func linear(_ name: String, _ rows: Int, _ columns: Int) {
            add("\(name).weight", rows, columns, spread: 0.4)
            add("\(name).bias", rows, spread: 0.2)
        }
        add("embeddings.word_embeddings.weight", Self.vocabulary, Self.hidden, spread: 1)
        add("embeddings.position_embeddings.weight", 80, Self.hidden, spread: 0.3)
        add("embeddings.token_type_embeddings.weight", 2, Self.hidden, spread: 0.5)
        norm("embeddings.LayerNorm")
        for block in 0..<blocks {
            for name in ["query", "key", "value"] {
                linear("encoder.layer.\(block).attention.self.\(name)", Self.hidden, Self.hidden)
            }
            linear("encoder.layer.\(block).attention.output.dense", Self.hidden, Self.hidden)
            norm("encoder.layer.\(block).attention.output.LayerNorm")
            linear("encoder.layer.\(block).intermediate.dense", Self.intermediate, Self.hidden)
            linear("encoder.layer.\(block).output.dense", Self.hidden, Self.intermediate)
            norm("encoder.layer.\(block).output.LayerNorm")
        }
    }

    /// Writes the folder, hands it out, and removes it.
    func inFolder<Result>(prefix: String = "", _ body: (_ folder: String) throws -> Result) throws -> Result {
        let folder = NSTemporaryDirectory() + "random-bert-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let own = configuration["hidden_size"] == nil ? [:] : ["num_hidden_layers": blocks]
        let fields = configuration.merging(own) { given, _ in given }
        try JSONSerialization.data(withJSONObject: fields).write(
            to: URL(fileURLWithPath: "\(folder)/config.json"))
        let stored = tensors.sorted { $0.key < $1.key }.map { name, matrix in
            SafetensorsTensor(
                name: name.hasPrefix("classifier") ? name : prefix + name,
                shape: name.hasSuffix(".bias") || name.contains("LayerNorm")
                    ? [matrix.rows] : [matrix.rows, matrix.columns],
                floats: matrix.elements)
        }
        try SafetensorsWriter.write(stored, metadata: [:], to: "\(folder)/model.safetensors")
        return try body(folder)
    }

    // MARK: Changes

    /// Keeps some rows of a layer's weight and bias.
    mutating func keepRows(_ rows: [Int], of layer: String) {
        for name in ["\(layer).weight", "\(layer).bias"] {
            guard let matrix = tensors[name] else { preconditionFailure(name) }
            tensors[name] = Matrix(
                rows: rows.count, columns: matrix.columns, elements: rows.flatMap { matrix.row($0) })
        }
    }

    /// Keeps some columns of a layer's weight.
    mutating func keepColumns(_ columns: [Int], of layer: String) {
        guard let matrix = tensors["\(layer).weight"] else { preconditionFailure(layer) }
        tensors["\(layer).weight"] = Matrix(
            rows: matrix.rows, columns: columns.count,
            elements: (0..<matrix.rows).flatMap { row in columns.map { matrix[row, $0] } })
    }

    /// Sets some columns of a layer's weight to zero.
    mutating func zeroColumns(_ columns: [Int], of layer: String) {
        for row in 0..<(tensors["\(layer).weight"]?.rows ?? 0) {
            for column in columns { tensors["\(layer).weight"]?[row, column] = 0 }
        }
    }

    /// Sets all elements of a tensor to one value.
    mutating func fill(_ name: String, with value: Float) {
        guard let matrix = tensors[name] else { preconditionFailure(name) }
        tensors[name] = Matrix(rows: matrix.rows, columns: matrix.columns, repeating: value)
    }

    /// Takes heads out of a block.
    mutating func removeHeads(_ removed: Set<Int>, ofBlock block: Int) {
        let kept = (0..<Self.heads).filter { !removed.contains($0) }.flatMap(Self.features)
        for name in ["query", "key", "value"] {
            keepRows(kept, of: "encoder.layer.\(block).attention.self.\(name)")
        }
        keepColumns(kept, of: "encoder.layer.\(block).attention.output.dense")
    }

    /// Takes neurons out of a block.
    mutating func removeNeurons(_ removed: Set<Int>, ofBlock block: Int) {
        let kept = (0..<Self.intermediate).filter { !removed.contains($0) }
        keepRows(kept, of: "encoder.layer.\(block).intermediate.dense")
        keepColumns(kept, of: "encoder.layer.\(block).output.dense")
    }

    /// Takes a block out; those after it move up.
    mutating func removeBlock(_ removed: Int) {
        var left: [String: Matrix] = [:]
        for (name, tensor) in tensors {
            let parts = name.split(separator: ".")
            guard name.hasPrefix("encoder.layer."), let block = Int(parts[2]) else {
                left[name] = tensor
                continue
            }
            guard block != removed else { continue }
            let rest = parts.dropFirst(3).joined(separator: ".")
            left["encoder.layer.\(block > removed ? block - 1 : block).\(rest)"] = tensor
        }
        tensors = left
        blocks -= 1
    }

    /// The features of a head.
    static func features(ofHead head: Int) -> [Int] {
        Array(head * headSize..<(head + 1) * headSize)
    }
}
