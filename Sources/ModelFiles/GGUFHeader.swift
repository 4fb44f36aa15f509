import Levels

/// Where one tensor of a GGUF file lies and what it holds.
public struct GGUFTensorInfo: Sendable, Equatable {
    /// The tensor's name in the file, such as `blk.0.attn_q.weight`.
    public let name: String
    /// How its elements are stored.
    public let elementType: GGUFElementType
    /// Its dimensions, outermost first; the file has them the other way round.
    public let shape: [Int]
    /// Its bytes, counted from the start of the file.
    public let byteRange: Range<Int>
}

/// The header of a GGUF file of version 2 or 3, checked so that every tensor can be read without another look:
/// tensors are aligned, lie within the file and do not overlap.
/// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
struct GGUFHeader {
    static let magic: UInt32 = 0x4655_4747
    /// The version that is written.
    static let version: UInt32 = 3
    /// Version 2 has the same layout on little-endian machines.
    private static let readVersions: [UInt32] = [2, 3]
    static let alignmentKey = "general.alignment"
    static let defaultAlignment = 32
    static let mostDimensions = 4

    let metadata: [GGUFEntry]
    let tensors: [GGUFTensorInfo]

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
        var reader = GGUFReader(bytes, file: file)
        let magic: UInt32 = try reader.number("magic")
        guard magic == Self.magic else {
            throw Issue(.malformed, .path(file), found: "no 'GGUF' at its start", allowed: "a GGUF file")
        }
        let version: UInt32 = try reader.number("version")
        guard !Self.readVersions.contains(version.byteSwapped) else {
            throw Issue(
                .unsupported, .path(file), field: "byte order", found: "big-endian", allowed: "little-endian")
        }
        guard Self.readVersions.contains(version) else {
            throw Issue(
                .unsupported, .path(file), field: "version", found: "\(version)",
                allowed: Self.readVersions.map(String.init).joined(separator: " or "))
        }
        let tensorCount = try reader.number("tensor count", UInt64.self)
        let entryCount = try reader.count("metadata count", leastBytes: 13)
        metadata = try Self.metadata(&reader, count: entryCount, file: file)
        guard tensorCount <= UInt64((bytes.count - reader.position) / 24) else {
            throw Issue(
                .malformed, .path(file), field: "tensor count", found: "\(tensorCount)",
                allowed: "fewer in a file of \(bytes.count) bytes")
        }
        let unplaced = try (0..<Int(tensorCount)).map { _ in try Self.tensor(&reader, file: file) }
        let alignment = try Self.alignment(metadata, file: file)
        let start = (reader.position + alignment - 1) / alignment * alignment
        tensors = try Self.place(unplaced, start: start, alignment: alignment, end: bytes.count, file: file)
    }

    private static func metadata(_ reader: inout GGUFReader, count: Int, file: String) throws -> [GGUFEntry] {
        var seen = Set<String>()
        return try (0..<count).map { number in
            let key = try reader.string("metadata key \(number)")
            guard seen.insert(key).inserted else {
                throw Issue(
                    .malformed, .path(file), field: .key(key), found: "a second time", allowed: "once")
            }
            return GGUFEntry(key: key, value: try reader.value("'\(key)'"))
        }
    }

    private static func alignment(_ metadata: [GGUFEntry], file: String) throws -> Int {
        guard let entry = metadata.first(where: { $0.key == alignmentKey }) else { return defaultAlignment }
        guard let value = entry.value.integer, (8...65536).contains(value), value.nonzeroBitCount == 1 else {
            throw Issue(
                .malformed, .path(file), field: .key(alignmentKey), found: entry.value.summary,
                allowed: "a power of two from 8 to 65536")
        }
        return value
    }

    private struct Unplaced {
        let name: String
        let type: GGUFElementType
        let shape: [Int]
        let byteCount: Int
        let offset: UInt64
    }

    private static func tensor(_ reader: inout GGUFReader, file: String) throws -> Unplaced {
        let name = try reader.string("tensor name")
        let dimensions: UInt32 = try reader.number("tensor '\(name)': number of dimensions")
        guard (1...UInt32(mostDimensions)).contains(dimensions) else {
            throw Issue(
                .malformed, .path(file), field: .tensor(name), found: "\(dimensions) dimensions",
                allowed: "1 to \(mostDimensions)")
        }
        let shape = try (0..<dimensions).map { _ in
            let length: UInt64 = try reader.number("tensor '\(name)': shape")
            guard let length = Int(exactly: length) else {
                throw Issue(
                    .malformed, .path(file), field: .tensor(name), found: "a length of \(length)",
                    allowed: "below 2^63")
            }
            return length
        }
        let number: UInt32 = try reader.number("tensor '\(name)': type")
        guard let type = GGUFElementType(rawValue: number) else {
            let allowed = GGUFElementType.allCases.map(\.name).joined(separator: ", ")
            throw Issue(
                .unsupported, .path(file), field: .tensor(name),
                found: "element type \(GGUFElementType.name(ofNumber: number))",
                allowed: allowed)
        }
        let outermostFirst = Array(shape.reversed())
        guard let byteCount = type.byteCount(ofShape: outermostFirst) else {
            throw Issue(
                .malformed, .path(file), field: .tensor(name),
                found: "shape \(outermostFirst) of \(type.name)",
                allowed: "rows of a multiple of \(type.blockElements) and a size in bytes below 2^63")
        }
        let offset: UInt64 = try reader.number("tensor '\(name)': offset")
        return Unplaced(name: name, type: type, shape: outermostFirst, byteCount: byteCount, offset: offset)
    }

    private static func place(_ tensors: [Unplaced], start: Int, alignment: Int, end: Int, file: String)
        throws
        -> [GGUFTensorInfo]
    {
        let placed = try tensors.map { tensor in
            let room = max(end - start, 0)
            guard tensor.offset % UInt64(alignment) == 0, tensor.byteCount <= room,
                tensor.offset <= UInt64(room - tensor.byteCount)
            else {
                throw Issue(
                    .malformed, .path(file), field: .tensor(tensor.name),
                    found: "\(tensor.byteCount) bytes at offset \(tensor.offset)",
                    allowed: "a multiple of \(alignment), within \(room) bytes of data")
            }
            let first = start + Int(tensor.offset)
            return GGUFTensorInfo(
                name: tensor.name, elementType: tensor.type, shape: tensor.shape,
                byteRange: first..<first + tensor.byteCount)
        }
        .sorted {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < (
                $1.byteRange.lowerBound, $1.byteRange.upperBound
            )
        }
        for (before, tensor) in zip(placed, placed.dropFirst())
        where tensor.byteRange.lowerBound < before.byteRange.upperBound {
            throw Issue(
                .malformed, .path(file), field: .tensor(tensor.name),
                found: "an overlap with '\(before.name)'", allowed: "none")
        }
        return placed
    }
}
