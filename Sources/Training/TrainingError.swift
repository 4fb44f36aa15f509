/// Data or options that a model cannot be trained with, described in one line.
public struct TrainingError: Error, CustomStringConvertible, Equatable {
    /// The file or the option.
    public let subject: String
    /// What was found and what is allowed.
    public let message: String

    /// Names the subject and says what is wrong.
    public init(_ subject: String, _ message: String) {
        self.subject = subject
        self.message = message
    }

    /// "SUBJECT: what was found, what is allowed".
    public var description: String { "\(subject): \(message)" }
}
