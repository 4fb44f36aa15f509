/// Reads the fields of a message in the encoding of protocol buffers
/// (https://protobuf.dev/programming-guides/encoding/).
struct ProtocolBufferReader {
    /// A field's value, as far as the encoding tells.
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
        case fixed64(UInt64)

        /// A text or a message.
        var bytes: ArraySlice<UInt8>? { if case .bytes(let bytes) = self { bytes } else { nil } }
        var string: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }
        var number: UInt64? { if case .number(let number) = self { number } else { nil } }
        var float: Float? { if case .fixed32(let bits) = self { Float(bitPattern: bits) } else { nil } }
    }

    /// What is no message.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field's number and its value; nil at the end.
    mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
        if rest.isEmpty { return nil }
        let key = try variable()
        let field = Int(truncatingIfNeeded: key >> 3)
        switch key & 7 {
        case 0: return (field, .number(try variable()))
        case 1: return (field, .fixed64(try fixed(8)))
        case 2:
            let length = try variable()
            guard length <= UInt64(rest.count) else { throw Malformed() }
            let bytes = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return (field, .bytes(bytes))
        case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw Malformed()
        }
    }

    private mutating func variable() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }

    private mutating func fixed(_ count: Int) throws(Malformed) -> UInt64 {
        guard rest.count >= count else { throw Malformed() }
        let value = rest.prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        rest = rest.dropFirst(count)
        return value
    }
}
