import Levels

/// A GGUF file of version 3, mapped into memory and checked in full when it is opened.
///
///     let file = try GGUFFile(path: "models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
///     let query = try file.tensor("blk.0.attn_q.weight").floats()  // dequantized, [576 × 576]
public final class GGUFFile: TensorFile {
    /// The path as the caller gave it.
    public let path: String
    /// The metadata in the order of the file.
    public let metadata: [GGUFEntry]
    /// Every tensor by name.
    public let tensors: [String: GGUFTensorInfo]
    /// The tensors' names by position in the file.
    public let names: [String]
    private let values: [String: GGUFValue]
    private let file: MemoryMappedFile

    /// Opens and checks a file.
    /// - Throws: `Issue` that says what in the header is wrong, and for which tensor.
    public init(path: String) throws {
        let file = try MemoryMappedFile(path: path)
        let header = try file.withUnsafeBytes { try GGUFHeader($0, file: path) }
        var tensors: [String: GGUFTensorInfo] = [:]
        for tensor in header.tensors where tensors.updateValue(tensor, forKey: tensor.name) != nil {
            throw Issue(
                .malformed, .path(path), field: .tensor(tensor.name), found: "a second time", allowed: "once")
        }
        self.file = file
        self.path = path
        self.tensors = tensors
        metadata = header.metadata
        values = Dictionary(metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        names = header.tensors.map(\.name)
    }

    /// What the header says of a tensor.
    /// - Throws: `Issue` when there is no tensor of that name.
    public func info(_ name: String) throws -> GGUFTensorInfo {
        guard let tensor = tensors[name] else {
            throw Issue.noTensor(name, in: path, of: names.count)
        }
        return tensor
    }

    /// A tensor by name, dequantized when it is read.
    public func tensor(_ name: String) throws -> FloatTensor {
        let info = try info(name)
        let rowBytes = info.byteRange.count / max(info.shape.first ?? 1, 1)
        return FloatTensor(file: path, name: name, shape: info.shape) { rows in
            let first = info.byteRange.lowerBound
            let range = first + rows.lowerBound * rowBytes..<first + rows.upperBound * rowBytes
            return self.file.withUnsafeBytes {
                Dequantization.floats(UnsafeRawBufferPointer(rebasing: $0[range]), from: info.elementType)
            }
        }
    }

    // MARK: Metadata

    /// The value of a key; nil when there is none.
    public func value(_ key: String) -> GGUFValue? {
        values[key]
    }

    /// A text.
    /// - Throws: `Issue` when it is missing or something else.
    public func string(_ key: String) throws -> String {
        guard case .string(let text) = values[key] else { throw wrong(key, "a string") }
        return text
    }

    /// A whole number in a range.
    /// - Throws: `Issue` when it is missing, something else, or outside.
    public func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        let allowed = "an integer from \(range.lowerBound) to \(range.upperBound)"
        guard let value = values[key]?.integer else { throw wrong(key, allowed) }
        guard range.contains(value) else { throw wrong(key, allowed, .outOfRange) }
        return value
    }

    /// A number in a range.
    /// - Throws: `Issue` when it is missing, something else, or outside.
    public func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        let allowed = "a number from \(range.lowerBound) to \(range.upperBound)"
        guard let value = values[key]?.number else { throw wrong(key, allowed) }
        guard range.contains(value) else { throw wrong(key, allowed, .outOfRange) }
        return value
    }

    /// A list of texts.
    /// - Throws: `Issue` when it is missing or something else.
    public func strings(_ key: String) throws -> [String] {
        guard case .array(.string, let elements) = values[key] else { throw wrong(key, "a list of strings") }
        return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// A list of whole numbers.
    /// - Throws: `Issue` when it is missing or something else.
    public func integers(_ key: String) throws -> [Int] {
        guard case .array(_, let elements) = values[key] else { throw wrong(key, "a list of integers") }
        return try elements.map { element in
            guard let value = element.integer else { throw wrong(key, "a list of integers") }
            return value
        }
    }

    /// The error for a value of `key` other than what is `allowed`; it is `missing` where there is none.
    package func wrong(_ key: String, _ allowed: String, _ code: Issue.Code = .malformed) -> Issue {
        Issue(
            values[key] == nil ? .missing : code, .path(path), field: .key(key),
            found: values[key]?.summary ?? "nothing", allowed: allowed)
    }
}
