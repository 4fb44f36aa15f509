import Levels

/// The classes that labels tell apart, by number from 0, and what they are called.
public struct ClassLabels: Sendable, Equatable, ExpressibleByIntegerLiteral {
    /// What classes are called, in their order.
    public let names: [String]

    /// Names classes.
    public init(names: [String]) {
        self.names = names
    }

    /// Classes that are called as transformers calls those without names.
    public init(count: Int) {
        names = (0..<count).map { "LABEL_\($0)" }
    }

    /// As many classes, without names.
    public init(integerLiteral count: Int) {
        self.init(count: count)
    }

    public var count: Int { names.count }

    /// Whether they have names of their own.
    public var areNamed: Bool { self != ClassLabels(count: count) }

    /// The number of the class that a label means, by its number or its name; nil where it means none.
    func number(of label: String) -> Int? {
        if let number = Int(label) { return names.indices.contains(number) ? number : nil }
        return names.firstIndex(of: label)
    }

    /// What labels may be, in a clause.
    var allowed: String {
        let numbers = "an integer from 0 to \(count - 1)"
        guard areNamed else { return numbers }
        let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
        return "\(shown)\(count > 8 ? ", …" : ""), or \(numbers)"
    }
}
