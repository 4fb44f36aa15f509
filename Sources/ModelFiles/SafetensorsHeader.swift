import Levels

/// Where one tensor of a safetensors file lies and what it holds.
public struct TensorInfo: Sendable, Equatable {
    /// The tensor's name in the checkpoint.
    public let name: String
    /// The type of its elements.
    public let elementType: ElementType
    /// Its dimensions, outermost first; empty for a scalar. Of a packed weight, what it has when unpacked.
    public private(set) var shape: [Int]
    /// Its dimensions in the file.
    let storedShape: [Int]
    /// How it stands there, if it is a weight in whole numbers.
    public private(set) var packing: IntegerPacking?
    /// Its bytes, counted from the start of the file that it is in.
    public let byteRange: Range<Int>
    /// The number of that file, where a model's weights are in several.
    let part: Int
    /// The product of the dimensions.
    public var elementCount: Int {
        packing == nil ? byteRange.count / elementType.byteCount : shape.reduce(1, *)
    }

    init(name: String, elementType: ElementType, shape: [Int], byteRange: Range<Int>, part: Int = 0) {
        (self.name, self.elementType, self.shape, self.byteRange) = (name, elementType, shape, byteRange)
        (storedShape, self.part) = (shape, part)
    }

    /// The same by another name, in a file of a number.
    func named(_ name: String, inPart part: Int) -> TensorInfo {
        TensorInfo(name: name, elementType: elementType, shape: shape, byteRange: byteRange, part: part)
    }

    /// The same, packed so that it has another shape.
    func with(_ packing: IntegerPacking, shape: [Int]) -> TensorInfo {
        var info = self
        (info.packing, info.shape) = (packing, shape)
        return info
    }
}

/// The header of a safetensors file, checked so that every tensor can be read without another look:
/// the tensors' bytes follow each other without hole or overlap and end where the file ends.
struct SafetensorsHeader {
    static let largestByteCount = 100_000_000
    static let lengthByteCount = 8
    static let metadataKey = "__metadata__"

    /// Sorted by position in the file.
    let tensors: [TensorInfo]
    let metadata: [String: String]

    /// Parses the start of `bytes`, the content of `file`.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
        let header = try Self.headerBytes(bytes, file: file)
        let fields: JSONFields
        do {
            fields = try JSONFields(JSONParser.parse(Array(header)), file: file)
        } catch let error as JSONSyntaxError {
            throw Issue(
                .malformed, .path(file), field: "header", found: "\(error.message) at byte \(error.offset)",
                allowed: "valid JSON")
        }
        let dataStart = Self.lengthByteCount + header.count
        metadata = try Self.metadata(fields)
        tensors = try fields.members.filter { $0.key != Self.metadataKey }
            .map { try Self.tensor($0, file: file, dataStart: dataStart, fileByteCount: bytes.count) }
            .sorted {
                ($0.byteRange.lowerBound, $0.byteRange.upperBound) < (
                    $1.byteRange.lowerBound, $1.byteRange.upperBound
                )
            }
        try Self.checkCoverage(tensors, from: dataStart, to: bytes.count, file: file)
    }

    private static func headerBytes(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Slice<
        UnsafeRawBufferPointer
    > {
        guard bytes.count >= lengthByteCount else {
            throw Issue(
                .malformed, .path(file), found: "\(bytes.count) bytes", allowed: "at least \(lengthByteCount)"
            )
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        let longest = min(largestByteCount, bytes.count - lengthByteCount)
        guard length <= UInt64(longest) else {
            throw Issue(
                .malformed, .path(file), field: "header", found: "a length of \(length) bytes",
                allowed: "at most \(longest)")
        }
        let header = bytes[lengthByteCount..<lengthByteCount + Int(length)]
        guard header.first == UInt8(ascii: "{") else {
            throw Issue(
                .malformed, .path(file), field: "header", found: "no '{' at its start",
                allowed: "a JSON object")
        }
        return header
    }

    private static func metadata(_ fields: JSONFields) throws -> [String: String] {
        guard fields.value(metadataKey) != nil else { return [:] }
        let entries = try fields.fields(metadataKey)
        var metadata: [String: String] = [:]
        for member in entries.members {
            guard case .string(let text) = member.value else { throw entries.wrong(member.key, "a string") }
            metadata[member.key] = text
        }
        return metadata
    }

    private static func tensor(
        _ member: JSONMember, file: String, dataStart: Int, fileByteCount: Int
    ) throws -> TensorInfo {
        let name = member.key
        func error(_ found: String, _ allowed: String) -> Issue {
            Issue(.malformed, .path(file), field: .tensor(name), found: found, allowed: allowed)
        }
        guard case .object = member.value else { throw error(member.value.summary, "an object") }
        let entry = try JSONFields(member.value, file: file)

        guard case .string(let typeName) = entry.value("dtype"), let type = ElementType(rawValue: typeName)
        else {
            let allowed = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("dtype \(entry.value("dtype")?.summary ?? "nothing")", allowed)
        }
        guard let shape = integers(entry.value("shape")) else {
            throw error("shape \(text(entry.value("shape")))", "a list of integers from 0")
        }
        guard let byteCount = type.byteCount(ofShape: shape) else {
            throw error("shape \(shape) of \(typeName)", "a size in bytes below 2^63")
        }
        let dataByteCount = fileByteCount - dataStart
        guard let offsets = integers(entry.value("data_offsets")), offsets.count == 2,
            offsets[0] <= offsets[1], offsets[1] <= dataByteCount
        else {
            throw error(
                "data_offsets \(text(entry.value("data_offsets")))",
                "[start, end] with 0 ≤ start ≤ end ≤ \(dataByteCount)")
        }
        guard offsets[1] - offsets[0] == byteCount else {
            throw error(
                "\(offsets[1] - offsets[0]) bytes in data_offsets",
                "\(byteCount) for shape \(shape) of \(typeName)")
        }
        return TensorInfo(
            name: name, elementType: type, shape: shape,
            byteRange: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    /// A list of integers from 0; nil for any other value.
    private static func integers(_ value: JSONValue?) -> [Int]? {
        guard case .array(let elements) = value else { return nil }
        var integers: [Int] = []
        for element in elements {
            guard case .integer(let integer) = element, integer >= 0 else { return nil }
            integers.append(integer)
        }
        return integers
    }

    private static func text(_ value: JSONValue?) -> String {
        guard case .array(let elements) = value else { return value?.summary ?? "nothing" }
        return
            "[\(elements.prefix(8).map(\.summary).joined(separator: ", "))\(elements.count > 8 ? ", …" : "")]"
    }

    private static func checkCoverage(_ tensors: [TensorInfo], from start: Int, to end: Int, file: String)
        throws
    {
        var position = start
        for tensor in tensors {
            guard tensor.byteRange.lowerBound == position else {
                let kind =
                    tensor.byteRange.lowerBound < position ? "an overlap with the tensor before" : "a hole"
                throw Issue(
                    .malformed, .path(file), field: .tensor(tensor.name),
                    found: "\(kind): it starts at byte \(tensor.byteRange.lowerBound - start) of the data",
                    allowed: "\(position - start)")
            }
            position = tensor.byteRange.upperBound
        }
        guard position == end else {
            throw Issue(
                .malformed, .path(file), found: "\(end - position) bytes after the last tensor",
                allowed: "none")
        }
    }
}
