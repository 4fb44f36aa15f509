import Foundation
import ModelFiles
import Models

extension EncoderTraining {
    /// Writes the model as a Hugging Face folder of the family's class, with or without its classifier; it
    /// appears whole or not at all. Labels keep their names where there was a classifier.
    /// - Throws: `Issue` when the destination exists, or cannot be written to.
    public func write(to destination: String) throws {
        let isClassifier = task?.head == .classes || (task == nil && hasClassifier)
        let (description, prefix) = (configuration.description, configuration.modules.prefix ?? "")
        let tensors = parameters.all
            .filter { isClassifier || !description.classifier.isOutside($0.name) }
            .map { parameter in
                let isInner = isClassifier && !description.classifier.isOutside(parameter.name)
                return SafetensorsTensor(
                    name: isInner ? prefix + parameter.name : parameter.name, shape: parameter.shape,
                    floats: parameter.value.elements)
            }
        var changes = description.changedFields(
            isClassifier: isClassifier, blocks: graph.blockCount, intermediate: graph.widths.max() ?? 0,
            heads: graph.headCounts, of: configuration.dimensions.heads)
        if isClassifier {
            let names = labels.names.enumerated()
            changes["id2label"] = Dictionary(uniqueKeysWithValues: names.map { ("\($0)", $1) })
            changes["label2id"] = Dictionary(names.map { ($1, $0) }) { first, _ in first }
        }
        try EncoderFolder.write(tensors, of: folder, configuration: changes, to: destination)
    }
}
