/// A value of GGUF metadata, with the type that it has in the file.
public indirect enum GGUFValue: Sendable, Equatable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case boolean(Bool)
    case string(String)
    /// Elements of one type.
    case array(type: Kind, [GGUFValue])
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// The types, by their numbers in files.
    public enum Kind: UInt32, Sendable {
        case uint8, int8, uint16, int16, uint32, int32, float32, boolean, string, array, uint64, int64,
            float64
    }

    /// The value's type.
    public var kind: Kind {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .boolean: .boolean
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    /// A whole number of any width; nil for anything else.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        case .float32, .float64, .boolean, .string, .array: nil
        }
    }

    /// A number of any type; nil for anything else.
    public var number: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map(Double.init)
        }
    }

    /// What an error message says was found.
    var summary: String {
        switch self {
        case .string(let text): "'\(text.prefix(80))'"
        case .array(let type, let elements): "a list of \(elements.count) of type \(type)"
        case .boolean(let value): "\(value)"
        default: number.map { "\($0)" } ?? "nothing"
        }
    }
}

/// One `key: value` of GGUF metadata.
public struct GGUFEntry: Sendable, Equatable {
    /// Such as `llama.block_count`.
    public let key: String
    /// Its value.
    public let value: GGUFValue

    /// Puts an entry together.
    public init(key: String, value: GGUFValue) {
        self.key = key
        self.value = value
    }
}
