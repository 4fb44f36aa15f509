import Levels

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
    return try .standard(named: String(cString: name), option: "precision")
}

/// Copies numbers to where a program wants them.
func write<Element>(
    _ elements: some Collection<Element>, to target: UnsafeMutablePointer<Element>?, _ name: String
) throws {
    guard !elements.isEmpty else { return }
    guard let target else { throw nullPointer(name) }
    _ = UnsafeMutableBufferPointer(start: target, count: elements.count).initialize(fromContentsOf: elements)
}
