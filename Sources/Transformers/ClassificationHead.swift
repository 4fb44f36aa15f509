import Foundation
import ModelFiles
import Tensors

/// What BERT puts on the first token of a sequence, [CLS], to classify it: logits = C·tanh(P·h + p) + c, with
/// the pooler P [hidden × hidden] and the classifier C [classes × hidden] (Devlin et al., 2018, section 4.1).
struct ClassificationHead: Sendable {
    let pooler: DenseLinear
    let classifier: DenseLinear

    var classes: Int { classifier.rows }

    /// Reads `classifier` and `pooler.dense`, which stands in the encoder's part of the file or beside it.
    init(_ checkpoint: BERTCheckpoint) throws {
        let hidden = checkpoint.dimensions.hidden
        let file = checkpoint.file
        func linear(_ name: String, rows: Int) throws -> DenseLinear {
            DenseLinear(
                weight: Matrix(
                    rows: rows, columns: hidden,
                    elements: try file.weights("\(name).weight", shape: [rows, hidden])),
                bias: try file.weights("\(name).bias", shape: [rows]))
        }
        let shape = try file.info("classifier.weight").shape
        let expected = try checkpoint.configuration.labelCount
        guard shape.count == 2, shape[0] >= 1, shape[1] == hidden, expected ?? shape[0] == shape[0] else {
            throw ModelFileError(
                file: file.path, tensor: "classifier.weight",
                message:
                    "found shape \(shape), allowed [\(expected.map(String.init) ?? "classes"), \(hidden)], "
                    + "as \(checkpoint.configuration.path) says")
        }
        let names = ["bert.pooler.dense", "pooler.dense"]
        let poolerName = names.first { file.tensors["\($0).weight"] != nil } ?? names[0]
        pooler = try linear(poolerName, rows: hidden)
        classifier = try linear("classifier", rows: shape[0])
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
            for feature in 0..<pooled.features { pooled[feature, sequence] = tanh(pooled[feature, sequence]) }
        }
        let logits = PanelMatrix(features: classes, tokens: batch.count)
        classifier.apply(pooled, into: logits)
        return logits
    }
}
