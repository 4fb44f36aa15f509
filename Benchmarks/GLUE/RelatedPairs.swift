import Evaluation
import Foundation
import ModelFiles

/// Pairs of STS-B as two classes, to train for before a task that has few pairs of its own (Phang, Févry and
/// Bowman, "Sentence encoders on STILTs", 2018): 1 for a similarity of 3 or more out of 5.
enum RelatedPairs {
    /// Writes the pairs of a file as `sentence1`, `sentence2` and `label`, but for those with a sentence that
    /// some tasks are judged on: STS-B shares sources with MRPC.
    static func write(_ path: String, withoutSentencesOf judged: [String], to output: String) throws {
        let avoided = Set(try judged.flatMap { try Datasets.sentences(path: $0) }.map(key))
        let lines = try Datasets.scoredPairs(path: path)
            .filter { !avoided.contains(key($0.first)) && !avoided.contains(key($0.second)) }
            .map { "\($0.first)\t\($0.second)\t\($0.score >= 3 ? 1 : 0)\n" }
        try AtomicFile.write(Data(("sentence1\tsentence2\tlabel\n" + lines.joined()).utf8), to: output)
    }

    /// What stays of a sentence however it was tokenized.
    private static func key(_ sentence: String) -> String {
        sentence.lowercased().filter { $0.isLetter || $0.isNumber }
    }
}
