extension DecodingError {
    /// What is wrong and where in the JSON, in one line: `layers: Index 3: level: found '9x9', allowed …`.
    package var line: String {
        switch self {
        case .keyNotFound(let key, let context):
            Self.place(context.codingPath) + "no field '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            Self.place(context.codingPath) + context.debugDescription
        @unknown default: "\(self)"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        path.map { "\($0.stringValue): " }.joined()
    }
}
