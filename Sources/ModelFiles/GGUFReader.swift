import Levels

/// Reads the parts of a GGUF header in order, never past the end of the file.
struct GGUFReader {
    private let bytes: UnsafeRawBufferPointer
    private let file: String
    private(set) var position = 0

    /// Deeper lists than any tool writes are refused, so that a forged file cannot exhaust the stack.
    private static let deepestList = 4

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    private var left: Int { bytes.count - position }

    /// A number, little-endian.
    mutating func number<Value: FixedWidthInteger & BitwiseCopyable>(
        _ what: String, _ type: Value.Type = Value.self
    )
        throws -> Value
    {
        let size = MemoryLayout<Value>.size
        guard left >= size else {
            throw Issue(
                .malformed, .path(file), field: .part(what), found: "the end of the file",
                allowed: "\(size) bytes")
        }
        defer { position += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    /// How many things of at least `leastBytes` bytes follow.
    mutating func count(_ what: String, leastBytes: Int) throws -> Int {
        let count: UInt64 = try number(what)
        let most = left / leastBytes
        guard count <= UInt64(most) else {
            throw Issue(
                .malformed, .path(file), field: .part(what), found: "\(count)",
                allowed: "at most \(most) in what is left of the file")
        }
        return Int(count)
    }

    mutating func string(_ what: String) throws -> String {
        let count = try count("\(what): length", leastBytes: 1)
        let part = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        guard let text = String(validating: part, as: UTF8.self) else {
            throw Issue(
                .malformed, .path(file), field: .part(what), found: "bytes that are not UTF-8",
                allowed: "UTF-8")
        }
        position += count
        return text
    }

    private mutating func kind(_ what: String) throws -> GGUFValue.Kind {
        let number: UInt32 = try number("\(what): type")
        guard let kind = GGUFValue.Kind(rawValue: number) else {
            throw Issue(
                .malformed, .path(file), field: .part(what), found: "value type \(number)", allowed: "0 to 12"
            )
        }
        return kind
    }

    mutating func value(_ what: String) throws -> GGUFValue {
        try value(of: kind(what), what, depth: 0)
    }

    private mutating func value(of kind: GGUFValue.Kind, _ what: String, depth: Int) throws -> GGUFValue {
        switch kind {
        case .uint8: return .uint8(try number(what))
        case .int8: return .int8(try number(what))
        case .uint16: return .uint16(try number(what))
        case .int16: return .int16(try number(what))
        case .uint32: return .uint32(try number(what))
        case .int32: return .int32(try number(what))
        case .float32: return .float32(Float(bitPattern: try number(what)))
        case .boolean: return .boolean(try boolean(what))
        case .string: return .string(try string(what))
        case .uint64: return .uint64(try number(what))
        case .int64: return .int64(try number(what))
        case .float64: return .float64(Double(bitPattern: try number(what)))
        case .array:
            guard depth < Self.deepestList else {
                throw Issue(
                    .malformed, .path(file), field: .part(what),
                    found: "lists nested deeper than \(Self.deepestList)")
            }
            let element = try self.kind(what)
            let count = try count("\(what): length", leastBytes: element.leastBytes)
            var elements: [GGUFValue] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(try value(of: element, what, depth: depth + 1)) }
            return .array(type: element, elements)
        }
    }

    private mutating func boolean(_ what: String) throws -> Bool {
        let byte: UInt8 = try number(what)
        guard byte <= 1 else {
            throw Issue(
                .malformed, .path(file), field: .part(what), found: "\(byte)", allowed: "0 or 1 for a boolean"
            )
        }
        return byte == 1
    }
}

extension GGUFValue.Kind {
    /// The fewest bytes that a value takes.
    var leastBytes: Int {
        switch self {
        case .uint8, .int8, .boolean: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}
