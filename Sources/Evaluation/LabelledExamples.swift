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
    /// How many classes labels may tell apart where nobody says.
    private static let mostClasses = 1000

    /// The classes of a table's labels: as many as the highest of them says where all are integers from 0, and two at
    /// least, else one for each word, in their alphabetical order.
    /// - Throws: `Issue` for a file without labels, or with too many.
    public static func classes(path: String) throws -> ClassLabels {
        try classes(of: Table(path: path))
    }

    private static func classes(of table: Table) throws -> ClassLabels {
        let column = try labels(of: table)
        let found = table.rows.map { $0.fields[column] }
        let numbers = found.compactMap(Int.init)
        if numbers.count == found.count, numbers.allSatisfy((0..<mostClasses).contains) {
            return ClassLabels(count: max((numbers.max() ?? 0) + 1, 2))
        }
        let words = Set(found).sorted()
        guard words.count <= mostClasses, !words.contains("") else {
            let row = table.rows.first { $0.fields[column].isEmpty }
            throw table.issue(
                row?.line, row == nil ? "\(words.count) different labels" : "an empty label",
                "integers from 0 to \(mostClasses - 1), or at most \(mostClasses) words")
        }
        return ClassLabels(names: words)
    }

    private static func labels(of table: Table) throws -> Int {
        let names = Set(table.header)
        guard let label = table.header.firstIndex(of: "label"),
            names.contains("sentence") || names.isSuperset(of: ["sentence1", "sentence2"])
        else {
            throw table.issue(
                1, "columns \(table.header.joined(separator: ", "))",
                "label and either sentence or sentence1 and sentence2", code: .malformed)
        }
        return label
    }

    /// Reads a table's examples: columns `sentence`, or `sentence1` and `sentence2`, and `label`, the number or the name
    /// of a class. Other columns are not looked at.
    ///
    /// - Parameter classes: what labels may be; default: what the file's own tell apart.
    /// - Throws: `Issue` for a file that is not so, naming the line.
    public static func labelled(path: String, classes: ClassLabels? = nil) throws -> LabelledExamples {
        let table = try Table(path: path)
        let column = try labels(of: table)
        let classes = try classes ?? self.classes(of: table)
        let labels = try table.rows.map { row in
            guard let number = classes.number(of: row.fields[column]) else {
                throw table.issue(row.line, "label '\(row.fields[column])'", classes.allowed)
            }
            return number
        }
        guard !labels.isEmpty else { throw table.issue(nil, "0 examples", "1 or more") }
        if let single = table.header.firstIndex(of: "sentence") {
            return LabelledExamples(.sentences(table.rows.map { $0.fields[single] }), labels: labels)
        }
        let (first, second) = (try table.column("sentence1"), try table.column("sentence2"))
        let pairs = table.rows.map {
            LabelledExamples.Pair(first: $0.fields[first], second: $0.fields[second])
        }
        return LabelledExamples(.pairs(pairs), labels: labels)
    }
}
