/// A layer or a folder that cannot be pruned or used, described in one line.
public struct PruningError: Error, CustomStringConvertible, Equatable {
    /// The layer or the file.
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
