import Foundation
import Levels

/// A GGUF file of version 2 or 3, mapped into memory and checked in full when it is opened.
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
    private let parts: [MemoryMappedFile]
    private let partOfTensor: [String: Int]

    /// Opens and checks a file; of one that was split into parts, named by any of them, all.
    /// - Throws: `Issue` that says what in the header is wrong, and for which tensor.
    public init(path: String) throws {
        self.path = path
        let given = try Part(path: path)
        let parts = try Self.parts(of: path, given.header).map { $0 == path ? given : try Part(path: $0) }
        var partOfTensor: [String: Int] = [:]
        var tensors: [String: GGUFTensorInfo] = [:]
        for (number, part) in parts.enumerated() {
            for tensor in part.header.tensors {
                if tensors.updateValue(tensor, forKey: tensor.name) != nil {
                    throw Issue(
                        .malformed, .path(part.path), field: .tensor(tensor.name), found: "a second time",
                        allowed: "once")
                }
                partOfTensor[tensor.name] = number
            }
        }
        // The first part says what holds for all.
        let metadata = parts[0].header.metadata
        let names = parts.flatMap { $0.header.tensors.map(\.name) }
        (self.parts, self.partOfTensor, self.tensors) = (parts.map(\.file), partOfTensor, tensors)
        (self.metadata, self.names) = (metadata, names)
        values = Dictionary(metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        if let count = values[Self.tensorCountKey]?.integer, count != names.count {
            throw wrong(Self.tensorCountKey, "\(names.count), as there are tensors", .mismatch)
        }
    }

    private struct Part {
        let path: String
        let file: MemoryMappedFile
        let header: GGUFHeader

        init(path: String) throws {
            self.path = path
            file = try MemoryMappedFile(path: path)
            header = try file.withUnsafeBytes { try GGUFHeader($0, file: path) }
        }
    }

    private static let partCountKey = "split.count"
    private static let tensorCountKey = "split.tensors.count"

    /// Whether a file starts as GGUF files do, whatever its name is.
    public static func isAt(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        return (try? file.read(upToCount: 4)) == Data("GGUF".utf8)
    }

    /// The paths of a file's parts, the first one first: llama.cpp names them `NAME-00001-of-00003.gguf`.
    ///
    /// - Throws: `Issue` for a malformed file, or parts of other names.
    public static func parts(of path: String) throws -> [String] {
        try parts(of: path, Part(path: path).header)
    }

    private static func parts(of path: String, _ header: GGUFHeader) throws -> [String] {
        let count = header.metadata.first { $0.key == partCountKey }?.value.integer ?? 1
        guard count > 1 else { return [path] }
        guard let name = path.firstMatch(of: #/^(.*)-[0-9]{5}-of-([0-9]{5})\.gguf$/#), Int(name.2) == count,
            count <= 99_999
        else {
            throw Issue(
                .unsupported, .path(path), field: .key(partCountKey), found: "\(count)",
                allowed: "parts that are named NAME-00001-of-\(five(count)).gguf")
        }
        return (1...count).map { "\(name.1)-\(five($0))-of-\(name.2).gguf" }
    }

    /// Whether a file's name says that it is a part after the first.
    public static func isLaterPart(_ name: String) -> Bool {
        name.firstMatch(of: #/-([0-9]{5})-of-[0-9]{5}\.gguf$/#).map { Int($0.1) != 1 } ?? false
    }

    private static func five(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
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
        let part = parts[partOfTensor[name] ?? 0]
        let rowBytes = info.byteRange.count / max(info.shape.first ?? 1, 1)
        return FloatTensor(file: path, name: name, shape: info.shape) { rows in
            let first = info.byteRange.lowerBound
            let range = first + rows.lowerBound * rowBytes..<first + rows.upperBound * rowBytes
            return part.withUnsafeBytes {
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

    /// Refuses keys that begin with a family's name and are not known, as they may change what a model computes.
    ///
    /// - Parameter known: without the prefix.
    /// - Throws: `Issue` that names the first of them.
    public func requireNoOthers(prefix: String, known: Set<String>) throws {
        for entry in metadata
        where entry.key.hasPrefix(prefix) && !known.contains(String(entry.key.dropFirst(prefix.count))) {
            throw Issue(
                .unsupported, .path(path), field: .key(entry.key), found: entry.value.summary,
                allowed: "keys that are known here", advice: "it may change what the model computes")
        }
    }

    /// The error for a value of `key` other than what is `allowed`; it is `missing` where there is none.
    package func wrong(_ key: String, _ allowed: String, _ code: Issue.Code = .malformed) -> Issue {
        Issue(
            values[key] == nil ? .missing : code, .path(path), field: .key(key),
            found: values[key]?.summary ?? "nothing", allowed: allowed)
    }
}
