import Levels

/// Sentences, or pairs of them, with the class of each.
public struct LabelledExamples: Sendable, Equatable {
    /// What is classified.
    public enum Text: Sendable, Equatable {
        /// Single sentences.
        case sentences([String])
        /// Pairs of sentences.
        case pairs([Pair])
    }

    /// Two sentences.
    public struct Pair: Sendable, Equatable {
        /// The first sentence.
        public let first: String
        /// The second sentence.
        public let second: String

        /// Takes two sentences.
        public init(first: String, second: String) {
            self.first = first
            self.second = second
        }
    }

    /// What is classified.
    public let text: Text
    /// The class of each, from 0.
    public let labels: [Int]

    /// Takes as many labels as sentences or pairs.
    public init(_ text: Text, labels: [Int]) {
        self.text = text
        self.labels = labels
        precondition(labels.count == textCount && labels.allSatisfy { $0 >= 0 })
    }

    public var count: Int { labels.count }

    /// One more than the highest class.
    public var classes: Int { (labels.max() ?? -1) + 1 }

    private var textCount: Int {
        switch text {
        case .sentences(let sentences): sentences.count
        case .pairs(let pairs): pairs.count
        }
    }
}

extension Datasets {
    /// Reads a table's examples: columns `sentence`, or `sentence1` and `sentence2`, and `label`: an integer from 0.
    /// Other columns are not looked at.
    ///
    /// - Parameter classes: labels must be below it; where it is not given, they may tell 1000 classes apart.
    /// - Throws: `Issue` for a file that is not so, naming the line.
    public static func labelled(path: String, classes: Int? = nil) throws -> LabelledExamples {
        let table = try Table(path: path)
        let label = table.header.firstIndex(of: "label")
        let single = table.header.firstIndex(of: "sentence")
        let first = table.header.firstIndex(of: "sentence1")
        let second = table.header.firstIndex(of: "sentence2")
        guard let label, single != nil || (first != nil && second != nil) else {
            throw Issue(
                .malformed, .path(path), field: .line(1),
                found: "columns \(table.header.joined(separator: ", "))",
                allowed: "label and either sentence or sentence1 and sentence2")
        }
        let classes = classes ?? 1000
        let labels = try table.rows.map { row in
            guard let value = Int(row.fields[label]), (0..<classes).contains(value) else {
                throw Issue(
                    .outOfRange, .path(path), field: .line(row.line), found: "label '\(row.fields[label])'",
                    allowed: "an integer from 0 to \(classes - 1)")
            }
            return value
        }
        guard !labels.isEmpty else {
            throw Issue(.outOfRange, .path(path), found: "0 examples", allowed: "1 or more")
        }
        if let single {
            return LabelledExamples(.sentences(table.rows.map { $0.fields[single] }), labels: labels)
        }
        guard let first, let second else { preconditionFailure("one of the two was found above") }
        let pairs = table.rows.map {
            LabelledExamples.Pair(first: $0.fields[first], second: $0.fields[second])
        }
        return LabelledExamples(.pairs(pairs), labels: labels)
    }
}
