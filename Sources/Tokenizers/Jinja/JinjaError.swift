/// What is wrong with a template.
struct JinjaError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// What a template may use, so that one from elsewhere neither hangs nor fills the memory.
enum JinjaLimits {
    /// Expressions and statements within each other.
    static let depth = 200
    /// Expressions and statements that are computed.
    static let steps = 2_000_000
    /// Characters of a text.
    static let characters = 16_000_000
    /// Elements of a list.
    static let elements = 100_000
    /// Spaces of an indentation.
    static let indentation = 1_000
}
