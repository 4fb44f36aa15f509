import ArgumentParser

/// What an option chooses by its name.
protocol NamedChoice {
    var name: String { get }
    /// In the order in which they are done.
    static var all: [Self] { get }
}

extension NamedChoice {
    /// The one of a name that an option gives.
    static func named(_ name: String, option: String) throws -> Self {
        guard let choice = all.first(where: { $0.name == name }) else {
            let known = all.map(\.name).joined(separator: ", ")
            throw ValidationError("\(option): found '\(name)', allowed \(known)")
        }
        return choice
    }

    /// Refuses a name that none has.
    static func requireAll(_ names: [String], option: String) throws {
        for name in names { _ = try named(name, option: option) }
    }

    /// Those that are named, in their own order.
    static func chosen(_ names: [String]) -> [Self] { all.filter { names.contains($0.name) } }
}
