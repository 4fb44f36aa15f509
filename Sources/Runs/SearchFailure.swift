/// A search that cannot start or continue, described in one line.
public struct SearchFailure: Error, CustomStringConvertible, Equatable {
    /// The line.
    public let description: String

    /// Takes the line.
    public init(_ description: String) {
        self.description = description
    }
}
