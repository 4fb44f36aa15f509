import Levels

/// A value behind an address that C programs hold, from when it is opened to when it is closed.
final class Handle<Value: Sendable>: Sendable {
    let value: Value

    private init(_ value: Value) {
        self.value = value
    }

    /// Writes the address of a new handle.
    /// - Throws: `Issue` when there is no place to write it to; what making the value throws.
    static func open(to place: UnsafeMutablePointer<OpaquePointer?>?, _ make: () throws -> Value) throws {
        guard let place else { throw nullPointer("result") }
        place.pointee = OpaquePointer(Unmanaged.passRetained(Handle(try make())).toOpaque())
    }

    /// The value at an address.
    /// - Throws: `Issue` for no address.
    static func value(at address: OpaquePointer?) throws -> Value {
        guard let address else { throw nullPointer("handle") }
        return Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(address)).takeUnretainedValue().value
    }

    static func close(_ address: OpaquePointer?) {
        if let address { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(address)).release() }
    }
}

/// What is thrown for a parameter that may not be NULL.
func nullPointer(_ name: String) -> Issue {
    Issue(.missing, .option(name), found: "NULL", allowed: "an address")
}

/// The bytes of a text, or a count of them where it does not end with a zero byte.
func text(_ bytes: UnsafePointer<CChar>?, _ length: Int?, _ name: String) throws -> String {
    guard let bytes else { throw nullPointer(name) }
    let text =
        length.map { length in
            bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
                String(validating: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
            }
        } ?? String(validatingCString: bytes)
    guard let text else {
        throw Issue(.malformed, .option(name), found: "bytes that are not UTF-8", allowed: "UTF-8 text")
    }
    return text
}

/// An array of texts, and their lengths where those do not end with a zero byte.
struct TextArray {
    let texts: UnsafePointer<UnsafePointer<CChar>?>?
    let lengths: UnsafePointer<Int>?
    let count: Int
    let name: String

    func strings() throws -> [String] {
        guard count > 0 else { return [] }
        guard let texts else { throw nullPointer(name) }
        return try (0..<count).map { try text(texts[$0], lengths?[$0], "\(name)[\($0)]") }
    }
}

/// A precision by its name; float32 for none.
func precision(_ name: UnsafePointer<CChar>?) throws -> Precision {
    guard let name else { return .float32 }
    let found = String(cString: name)
    let known = [Precision.float32, .bfloat16, .int8, .int4]
    guard let precision = known.first(where: { $0.name == found }) else {
        throw Issue(
            .unsupported, .option("precision"), found: "'\(found)'",
            allowed: known.map(\.name).joined(separator: ", "))
    }
    return precision
}
