import Export
import Foundation
import ModelFiles

extension EncoderTraining {
    /// Writes the model as a Hugging Face folder, `BertModel` or `BertForSequenceClassification`; it appears
    /// whole or not at all. Labels keep their names where there was a classifier.
    /// - Throws: `ModelFileError` when the destination exists, or cannot be written to.
    public func write(to destination: String) throws {
        let isClassifier = task == .classification || (task == nil && hasClassifier)
        let tensors = parameters.all
            .filter { isClassifier || !$0.name.hasPrefix("classifier.") }
            .map { parameter in
                let prefix = isClassifier && !parameter.name.hasPrefix("classifier.") ? "bert." : ""
                return SafetensorsTensor(
                    name: prefix + parameter.name, shape: parameter.shape, floats: parameter.value.elements)
            }
        var changes: [String: Any] = [
            "architectures": [isClassifier ? "BertForSequenceClassification" : "BertModel"],
            "num_hidden_layers": graph.blockCount,
            "intermediate_size": graph.widths.max() ?? 0,
            "torch_dtype": "float32",
        ]
        if isClassifier, !hasClassifier {
            let names = (0..<classes).map { "LABEL_\($0)" }
            changes["id2label"] = Dictionary(
                uniqueKeysWithValues: names.enumerated().map { ("\($0)", $1) })
            changes["label2id"] = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        }
        changes["pruned_heads"] = try prunedHeads()
        try EncoderFolder.write(tensors, of: folder, configuration: changes, to: destination)
    }

    /// Hugging Face's list of removed heads of each block. Which heads they were matters to no one once their
    /// rows are gone: the first ones are named.
    private func prunedHeads() throws -> [String: [Int]] {
        let all = try configuration.attentionHeadCount
        return Dictionary(
            uniqueKeysWithValues: graph.headCounts.enumerated().filter { $0.element < all }.map {
                ("\($0.offset)", Array(0..<all - $0.element))
            })
    }
}
