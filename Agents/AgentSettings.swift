import Levels

/// What of an agent can be tuned: a value with defaults, whose fields are named options.
///
///     struct Settings: AgentSettings {
///         var stepSize = 0.5
///         static let options = [
///             AgentOption.number("stepSize", \Self.stepSize, 0...1, "How far each episode moves it."),
///         ]
///     }
///     try Settings(["stepSize": "0.2"], of: "mine").stepSize  // 0.2
public protocol AgentSettings: Codable, Sendable, Equatable {
    init()
    /// The fields, by the names that users type.
    static var options: [AgentOption<Self>] { get }
}

extension AgentSettings {
    /// The defaults, but for some options.
    /// - Throws: `Issue` for an option that there is not, or a value that is out of range.
    public init(_ texts: [String: String], of agent: String) throws {
        self.init()
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            guard let option = Self.options.first(where: { $0.name == name }) else {
                let names = Self.options.map(\.name)
                throw Issue(
                    .unsupported, .option("agentOptions"), field: .part(agent), found: "'\(name)'",
                    allowed: names.isEmpty ? "none" : names.joined(separator: ", "))
            }
            guard option.read(&self, text) else {
                throw Issue(
                    .outOfRange, .option("agentOptions"), field: "\(name) of \(agent)",
                    found: "'\(text)'", allowed: option.allowed)
            }
        }
    }
}

/// Of agents that nothing can be tuned of.
public struct NoSettings: AgentSettings {
    public static let options: [AgentOption<NoSettings>] = []

    /// The only value.
    public init() {}
}

/// One field of an agent's settings.
public struct AgentOption<Settings: AgentSettings>: Sendable {
    public let name: String
    /// What it does, in a line.
    public let help: String
    /// Which values it takes.
    public let allowed: String
    /// Sets the field; false for a text that is no such value.
    let read: @Sendable (inout Settings, String) -> Bool
    /// The field, as a text that ``read`` takes.
    let text: @Sendable (Settings) -> String

    /// A real number in a range.
    public static func number(
        _ name: String, _ field: WritableKeyPath<Settings, Double> & Sendable, _ range: ClosedRange<Double>,
        _ help: String
    ) -> AgentOption {
        ranged(name, field, range, help)
    }

    /// A whole number in a range.
    public static func count(
        _ name: String, _ field: WritableKeyPath<Settings, Int> & Sendable, _ range: ClosedRange<Int>,
        _ help: String
    ) -> AgentOption {
        ranged(name, field, range, help)
    }

    private static func ranged<Value: Comparable & LosslessStringConvertible & Sendable>(
        _ name: String, _ field: WritableKeyPath<Settings, Value> & Sendable, _ range: ClosedRange<Value>,
        _ help: String
    ) -> AgentOption {
        AgentOption(
            name: name, help: help, allowed: "\(range.lowerBound) to \(range.upperBound)",
            read: { settings, text in
                guard let value = Value(text), range.contains(value) else { return false }
                settings[keyPath: field] = value
                return true
            }, text: { "\($0[keyPath: field])" })
    }

    /// Widths of layers of a network, such as 64x64.
    public static func widths(
        _ name: String, _ field: WritableKeyPath<Settings, [Int]> & Sendable, _ help: String
    ) -> AgentOption {
        AgentOption(
            name: name, help: help, allowed: "one to four widths of 1 to 4096, such as 64x64",
            read: { settings, text in
                let widths = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
                guard (1...4).contains(widths.count), widths.allSatisfy((1...4_096).contains) else {
                    return false
                }
                settings[keyPath: field] = widths
                return true
            }, text: { $0[keyPath: field].map(String.init).joined(separator: "x") })
    }
}
