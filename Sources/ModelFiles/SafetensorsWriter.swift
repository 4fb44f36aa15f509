import Foundation
import Levels

/// A tensor on its way into a safetensors file.
public struct SafetensorsTensor: Sendable {
    /// How floats are stored.
    public enum FloatEncoding: Sendable {
        case f32
        /// Rounded to nearest, ties to even; beyond ±65504 they become infinite.
        case f16
    }

    enum Content: Sendable {
        case floats([Float])
        case bytes(Data)
        case produced(@Sendable () throws -> Data)
    }

    /// The tensor's name in the checkpoint.
    public let name: String
    /// Its dimensions, outermost first.
    public let shape: [Int]
    /// The type of its elements in the file.
    public let elementType: ElementType
    let content: Content

    /// A tensor of `floats`, row-major.
    public init(name: String, shape: [Int], floats: [Float], as encoding: FloatEncoding = .f32) {
        self.init(
            name: name, shape: shape, elementType: encoding == .f32 ? .f32 : .f16, content: .floats(floats))
    }

    /// A tensor of little-endian elements of `elementType`, row-major.
    public init(name: String, shape: [Int], elementType: ElementType, bytes: Data) {
        self.init(name: name, shape: shape, elementType: elementType, content: .bytes(bytes))
    }

    /// The same, with bytes that are made only when it is this tensor's turn to be written.
    public init(
        name: String, shape: [Int], elementType: ElementType,
        producing bytes: @escaping @Sendable () throws -> Data
    ) {
        self.init(name: name, shape: shape, elementType: elementType, content: .produced(bytes))
    }

    private init(name: String, shape: [Int], elementType: ElementType, content: Content) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
        self.content = content
    }
}

/// Writes safetensors files, byte for byte as the reference implementation does: a header padded with
/// spaces to a multiple of 8, then the tensors, the widest element types first and then by name, so that
/// each one is aligned for its type.
public struct SafetensorsWriter {
    /// Replaces the file at `path`, atomically.
    /// - Throws: `Issue` when a tensor's data does not fill its shape, a name is taken twice or
    ///   reserved, or the file cannot be written; also what a closure that produces data throws.
    public static func write(_ tensors: [SafetensorsTensor], metadata: [String: String], to path: String)
        throws
    {
        let tensors = tensors.sorted { left, right in
            let (leftRank, rightRank) = (rank(left.elementType), rank(right.elementType))
            return leftRank == rightRank ? utf8Less(left.name, right.name) : leftRank > rightRank
        }
        let header = try header(of: tensors, metadata: metadata, path: path)
        try AtomicFile.write(to: path) { temporaryPath in
            let file = try FileDescriptor(rewriting: temporaryPath, named: path)
            try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
            try header.withUnsafeBytes { try file.write($0) }
            for tensor in tensors { try write(tensor, to: file, path: path) }
        }
    }

    // MARK: Header

    private static func header(
        of tensors: [SafetensorsTensor], metadata: [String: String], path: String
    ) throws -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let entries = metadata.sorted { utf8Less($0.key, $1.key) }
                .map { "\(JSONValue.quoted($0.key)):\(JSONValue.quoted($0.value))" }
            members.append("\"\(SafetensorsHeader.metadataKey)\":{\(entries.joined(separator: ","))}")
        }
        var names: Set<String> = [SafetensorsHeader.metadataKey]
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw Issue(
                    .exists, .path(path), field: .tensor(tensor.name),
                    found: "a name that is taken or reserved", allowed: "a new one")
            }
            let end = offset.addingReportingOverflow(try byteCount(of: tensor, path: path))
            guard !end.overflow else {
                throw Issue(
                    .outOfRange, .path(path), field: .tensor(tensor.name), found: "2^63 bytes",
                    allowed: "fewer")
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let type = tensor.elementType.rawValue
            members.append(
                "\(JSONValue.quoted(tensor.name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(offset),\(end.partialValue)]}")
            offset = end.partialValue
        }
        let header = Array("{\(members.joined(separator: ","))}".utf8)
        return header + [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    }

    /// The bytes that a tensor fills, after a check that its data, as far as it is known, has as many.
    private static func byteCount(of tensor: SafetensorsTensor, path: String) throws -> Int {
        guard let byteCount = tensor.elementType.byteCount(ofShape: tensor.shape) else {
            throw Issue(
                .outOfRange, .path(path), field: .tensor(tensor.name), found: "shape \(tensor.shape)",
                allowed: "a size in bytes below 2^63")
        }
        switch tensor.content {
        case .floats(let floats):
            let elementCount = byteCount / tensor.elementType.byteCount
            try check(floats.count, against: elementCount, unit: "floats", of: tensor, path: path)
        case .bytes(let data):
            try check(data.count, against: byteCount, unit: "bytes", of: tensor, path: path)
        case .produced: break
        }
        return byteCount
    }

    private static func check(
        _ count: Int, against expected: Int, unit: String, of tensor: SafetensorsTensor, path: String
    ) throws {
        guard count == expected else {
            throw Issue(
                .mismatch, .path(path), field: .tensor(tensor.name), found: "\(count) \(unit)",
                allowed: "\(expected) for shape \(tensor.shape) of \(tensor.elementType.rawValue)")
        }
    }

    private static func rank(_ type: ElementType) -> Int {
        ElementType.allCases.firstIndex(of: type) ?? 0
    }

    /// The order of names' bytes, which is the reference's; `String`'s own order is another for some scripts.
    private static func utf8Less(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    // MARK: Data

    private static func write(_ tensor: SafetensorsTensor, to file: borrowing FileDescriptor, path: String)
        throws
    {
        switch tensor.content {
        case .floats(let floats) where tensor.elementType == .f16:
            try floats.map { FloatConversions.half($0).littleEndian }.withUnsafeBytes { try file.write($0) }
        case .floats(let floats):
            try floats.withUnsafeBytes { try file.write($0) }
        case .bytes(let data):
            try data.withUnsafeBytes { try file.write($0) }
        case .produced(let produce):
            let data = try produce()
            let expected = tensor.elementType.byteCount(ofShape: tensor.shape) ?? 0
            try check(data.count, against: expected, unit: "bytes", of: tensor, path: path)
            try data.withUnsafeBytes { try file.write($0) }
        }
    }
}
