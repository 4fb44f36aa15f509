import CHDF5
import Foundation

/// Strings on their way to and from the library: variable-length UTF-8 when written; variable or
/// fixed length when read.
enum StringCoding {
    /// The type under which strings are stored, which h5py reads as `str`.
    static func makeType(for operation: Operation) throws -> Identifier {
        let type = try operation.own(H5Tcopy(CHDF5_cString()))
        try operation.check(H5Tset_size(type.raw, CHDF5_variableLength()))
        try operation.check(H5Tset_cset(type.raw, H5T_CSET_UTF8))
        return type
    }

    /// Lends the strings as the array of C strings that the library takes.
    static func withCStrings(
        _ strings: [String], for operation: Operation, _ body: (UnsafeRawPointer) throws -> Void
    ) throws {
        var bytes: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            if string.utf8.contains(0) {
                throw operation.error(
                    .unsupported, found: "a NUL, which would end it, in \(string.debugDescription)",
                    allowed: "strings without")
            }
            offsets.append(bytes.count)
            bytes.append(contentsOf: string.utf8CString)
        }
        try bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            try offsets.map { base + $0 }.withUnsafeBytes { pointers in
                guard let start = pointers.baseAddress else { return }
                try body(start)
            }
        }
    }

    /// Reads `count` strings.
    ///
    /// - Parameter read: Fills a buffer; it is told the type in memory.
    static func read(
        count: Int, type: borrowing Identifier, space: borrowing Identifier, maximumBytes: Int,
        for operation: Operation, _ read: (_ type: hid_t, _ buffer: UnsafeMutableRawPointer) -> herr_t
    ) throws -> [String] {
        let valueClass = try ValueClass(of: type, for: operation)
        switch valueClass {
        case .variableLengthString:
            try Extent.check(
                count, elementBytes: MemoryLayout<UnsafeMutablePointer<CChar>?>.stride,
                maximumBytes: maximumBytes, for: operation)
            return try readVariableLength(count: count, type: type, space: space, for: operation, read)
        case .fixedLengthString(let bytes):
            try Extent.check(count, elementBytes: bytes, maximumBytes: maximumBytes, for: operation)
            return try readFixedLength(count: count, bytes: bytes, type: type, for: operation, read)
        case .integer, .real, .other:
            throw operation.error(.mismatch, found: valueClass.summary, allowed: "strings")
        }
    }

    private static func readVariableLength(
        count: Int, type: borrowing Identifier, space: borrowing Identifier, for operation: Operation,
        _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t
    ) throws -> [String] {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        return try pointers.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return [] }
            try operation.check(read(type.raw, base))
            defer { H5Dvlen_reclaim(type.raw, space.raw, CHDF5_default(), base) }
            return try buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map { pointer in
                guard let pointer else { return "" }
                return try decode(
                    UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)), for: operation)
            }
        }
    }

    private static func readFixedLength(
        count: Int, bytes: Int, type: borrowing Identifier, for operation: Operation,
        _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t
    ) throws -> [String] {
        let isSpacePadded = H5Tget_strpad(type.raw) == H5T_STR_SPACEPAD
        var content = [UInt8](repeating: 0, count: count * bytes)
        return try content.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return [] }
            try operation.check(read(type.raw, base))
            return try (0..<count).map { index in
                let field = buffer[index * bytes..<(index + 1) * bytes]
                let end =
                    isSpacePadded
                    ? field.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? field.startIndex
                    : field.firstIndex(of: 0) ?? field.endIndex
                return try decode(UnsafeRawBufferPointer(rebasing: field[..<end]), for: operation)
            }
        }
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, for operation: Operation) throws -> String {
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw operation.error(
                .malformed, found: "a string of \(bytes.count) bytes that is not UTF-8", allowed: "UTF-8")
        }
        return string
    }
}
