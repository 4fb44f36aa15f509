import Foundation
import Hummingbird
import Levels

/// A request's body and an answer's as JSON.
enum JSONText {
    /// Reads a body.
    ///
    /// - Parameters:
    ///   - malformed: what is answered to what is no JSON, `mistyped` to JSON of other types.
    /// - Throws: `RequestFailure`.
    static func decode<Value: Decodable>(
        _ type: Value.Type, _ body: ByteBuffer, malformed: HTTPResponse.Status,
        mistyped: HTTPResponse.Status
    ) throws -> Value {
        // Invalid UTF-8 is refused, not repaired.
        guard String(validating: body.readableBytesView, as: UTF8.self) != nil else {
            throw notJSON(malformed)
        }
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch let error as DecodingError {
            throw failure(error, malformed, mistyped)
        }
    }

    private static func failure(
        _ error: DecodingError, _ malformed: HTTPResponse.Status, _ mistyped: HTTPResponse.Status
    ) -> RequestFailure {
        func path(_ keys: [any CodingKey]) -> String {
            keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            let name = path(context.codingPath + [key])
            return RequestFailure(.validation, "\(name): missing", parameter: name, status: mistyped)
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let name = path(context.codingPath)
            return RequestFailure(
                .validation,
                "\(name.isEmpty ? "the body" : name): of another type: \(context.debugDescription)",
                parameter: name, status: mistyped)
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            let name = path(context.codingPath)
            return RequestFailure(
                .validation, "\(name): \(context.debugDescription)", parameter: name, status: mistyped)
        default:
            return notJSON(malformed)
        }
    }

    private static func notJSON(_ status: HTTPResponse.Status) -> RequestFailure {
        RequestFailure(.validation, "the body is no JSON in UTF-8", status: status)
    }

    /// A value as JSON.
    static func encode(_ value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(value))
    }

    /// An answer of JSON.
    static func response(_ body: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: body))
    }
}

extension ByteBuffer {
    /// Writes a JSON list.
    mutating func writeJSON<Items: Sequence>(
        listOf items: Items, _ write: (inout ByteBuffer, Items.Element) throws -> Void
    ) rethrows {
        writeInteger(UInt8(ascii: "["))
        var isFirst = true
        for item in items {
            if !isFirst { writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            try write(&self, item)
        }
        writeInteger(UInt8(ascii: "]"))
    }

    /// Writes numbers as a JSON list, each by the shortest text that reads back as it.
    mutating func writeJSON(_ numbers: some Sequence<Float>) {
        // There is no number in JSON for what is none.
        writeJSON(listOf: numbers) { $0.writeString($1.isFinite ? $1.description : "null") }
    }
}

/// One value, or a list of them.
enum OneOrMany<Value: Decodable & Sendable>: Decodable, Sendable {
    case one(Value)
    case many([Value])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(Value.self) {
            self = .one(one)
        } else {
            self = .many(try container.decode([Value].self))
        }
    }

    /// Whether it stood alone.
    var isOne: Bool {
        if case .one = self { true } else { false }
    }

    /// All of them.
    var all: [Value] {
        switch self {
        case .one(let value): [value]
        case .many(let values): values
        }
    }
}
