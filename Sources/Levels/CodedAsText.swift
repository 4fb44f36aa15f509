/// A value that files hold as the text that people type.
public protocol CodedAsText: Codable, CustomStringConvertible {
    /// What texts are read.
    static var form: String { get }

    /// Reads a text of that form; nil for anything else.
    init?(_ text: String)
}

extension CodedAsText {
    /// Reads its text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "found '\(text)', allowed \(Self.form)")
        }
        self = value
    }

    /// Writes its text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
