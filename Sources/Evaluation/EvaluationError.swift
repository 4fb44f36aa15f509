/// Data that a task cannot use, described in one line.
public struct EvaluationError: Error, CustomStringConvertible, Equatable {
    /// The file.
    public let file: String
    /// What was found and what is allowed.
    public let message: String

    /// Names the file and says what is wrong.
    public init(file: String, message: String) {
        self.file = file
        self.message = message
    }

    /// "FILE: what was found, what is allowed".
    public var description: String { "\(file): \(message)" }
}
