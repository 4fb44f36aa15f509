import Foundation

/// How the state of an agent is kept: JSON, in which numbers come back to the last bit, NaN and infinities
/// included.
package enum StateCoding {
    private static let (infinity, negativeInfinity, nan) = ("inf", "-inf", "nan")

    /// The bytes of a state.
    package static func encode(_ state: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: infinity, negativeInfinity: negativeInfinity, nan: nan)
        return try encoder.encode(state)
    }

    /// The state of bytes that ``encode(_:)`` made.
    /// - Throws: `DecodingError`.
    package static func decode<State: Decodable>(_ type: State.Type, from data: Data) throws -> State {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: infinity, negativeInfinity: negativeInfinity, nan: nan)
        return try decoder.decode(type, from: data)
    }
}
