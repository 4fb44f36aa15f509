import Foundation
import Levels
import ModelFiles
import Tensors

/// What classifies a sequence by its first token; see ``ClassifierDescription``.
struct ClassificationHead: Sendable {
    let pooler: DenseLinear
    let classifier: DenseLinear
    private let activation: ClassifierDescription.Activation

    var classes: Int { classifier.rows }

    /// Reads the classifier and the pooler, which stands in the encoder's part of the file or beside it.
    init(_ checkpoint: EncoderCheckpoint) throws {
        let hidden = checkpoint.dimensions.hidden
        let (file, configuration) = (checkpoint.file, checkpoint.configuration)
        let description = configuration.description.classifier
        func linear(_ name: String, rows: Int) throws -> DenseLinear {
            DenseLinear(
                weight: Matrix(
                    rows: rows, columns: hidden,
                    elements: try file.weights("\(name).weight", shape: [rows, hidden])),
                bias: try file.weights("\(name).bias", shape: [rows]))
        }
        let weight = "\(description.classifier).weight"
        let shape = try file.info(weight).shape
        let expected = try configuration.json.labelCount
        guard shape.count == 2, shape[0] >= 1, shape[1] == hidden, expected ?? shape[0] == shape[0] else {
            throw Issue(
                .mismatch, .path(file.path), field: .tensor(weight), found: "shape \(shape)",
                allowed:
                    "[\(expected.map(String.init) ?? "classes"), \(hidden)], as \(configuration.json.path) says"
            )
        }
        let inner = description.isPoolerInEncoder ? checkpoint.modules.prefix ?? "" : ""
        let names = [inner + description.pooler, description.pooler]
        pooler = try linear(names.first { file.tensors["\($0).weight"] != nil } ?? names[0], rows: hidden)
        classifier = try linear(description.classifier, rows: shape[0])
        activation = description.activation
    }

    /// Logits [classes × sequences] of hidden states [hidden × tokens].
    func logits(_ hidden: PanelMatrix, batch: TokenBatch) -> PanelMatrix {
        let first = PanelMatrix(features: pooler.columns, tokens: batch.count)
        for sequence in 0..<batch.count {
            let token = batch.starts[sequence]
            for feature in 0..<first.features { first[feature, sequence] = hidden[feature, token] }
        }
        let pooled = PanelMatrix(features: pooler.rows, tokens: batch.count)
        pooler.apply(first, into: pooled)
        for sequence in 0..<batch.count {
            for feature in 0..<pooled.features {
                pooled[feature, sequence] = activation.value(pooled[feature, sequence])
            }
        }
        let logits = PanelMatrix(features: classes, tokens: batch.count)
        classifier.apply(pooled, into: logits)
        return logits
    }
}

extension ClassifierDescription.Activation {
    /// f(x)
    public func value(_ x: Float) -> Float {
        switch self {
        case .tanh: Foundation.tanh(x)
        case .relu: max(x, 0)
        }
    }

    /// ∂f/∂x at y = f(x): 1 − y² for the hyperbolic tangent, 1 where y is positive for max(0, x).
    public func slope(atOutput y: Float) -> Float {
        switch self {
        case .tanh: 1 - y * y
        case .relu: y > 0 ? 1 : 0
        }
    }
}
