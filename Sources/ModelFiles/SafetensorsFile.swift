import Foundation
import Levels

/// A safetensors file, or a folder's files that belong together, mapped into memory and checked in full when opened.
///
///     let file = try SafetensorsFile(path: "models/minilm/model.safetensors")
///     let bias = try file.float32("pooler.dense.bias", shape: [384])
///
/// Opening costs one pass over the header. Reading a tensor copies it once.
/// The format: https://github.com/huggingface/safetensors#format
public final class SafetensorsFile: Sendable {
    /// The path as the caller gave it; of a folder, its file or its index.
    public let path: String
    /// The free-form `__metadata__` of the header.
    public let metadata: [String: String]
    /// Every tensor by name.
    public let tensors: [String: TensorInfo]
    /// The tensors' names by position in the file, file after file.
    public let names: [String]

    private let parts: [MemoryMappedFile]

    /// Opens and checks a file.
    /// - Throws: `Issue` that says what in the header is wrong, and for which tensor.
    public convenience init(path: String) throws {
        let part = try SafetensorsPart(path: path)
        try self.init(path: path, [part]) { tensor, _ in tensor.name }
    }

    /// Opens the weights of a Hugging Face folder: `model.safetensors`, or the files that
    /// `model.safetensors.index.json` names.
    ///
    /// Norms go by the names that they have today: files converted from TensorFlow have `gamma` and `beta` for a
    /// LayerNorm's `weight` and `bias`.
    ///
    /// - Throws: `Issue` when a file is missing or malformed, or does not hold what the index says.
    public convenience init(folder: String) throws {
        let index = try SafetensorsIndex(folder: folder)
        let parts = try index.files.map { try SafetensorsPart(path: $0) }
        let held = parts.map { Set($0.header.tensors.map(\.name)) }
        for (tensor, number) in index.homes where !held[number].contains(tensor) {
            throw Issue(
                .missing, .path(parts[number].path), field: .tensor(tensor), found: "no such tensor",
                allowed: "what \(index.path) says")
        }
        try self.init(path: index.path, parts) { tensor, number in
            guard index.homes.isEmpty || index.homes[tensor.name] == number else { return nil }
            return Self.presentName(tensor.name)
        }
    }

    private static func presentName(_ name: String) -> String {
        for (old, new) in [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")]
        where name.hasSuffix(old) {
            return name.dropLast(old.count) + new
        }
        return name
    }

    /// - Parameter name: what a tensor of a part is called; nil where it is left out.
    private init(
        path: String, _ parts: [SafetensorsPart], name: (_ tensor: TensorInfo, _ part: Int) -> String?
    ) throws {
        let infos = parts.enumerated().flatMap { number, part in
            part.header.tensors.compactMap { tensor in
                name(tensor, number).map { tensor.named($0, inPart: number) }
            }
        }
        var tensors: [String: TensorInfo] = [:]
        for info in infos where tensors.updateValue(info, forKey: info.name) != nil {
            throw Issue(
                .malformed, .path(path), field: .tensor(info.name),
                found: "two names that Unicode takes for the same, or an old and a new name of one tensor",
                allowed: "one")
        }
        let files = parts.map(\.file)
        self.parts = files
        self.path = path
        self.tensors = try PackedTensors(path: path, stored: tensors) { info in
            files[info.part].withUnsafeBytes { Array($0[info.byteRange]) }
        }.unpacked()
        metadata = parts.reduce(into: [:]) { $0.merge($1.header.metadata) { first, _ in first } }
        names = infos.map(\.name)
    }

    /// What the header says of a tensor.
    /// - Throws: `Issue` when there is no tensor of that name.
    public func info(_ name: String) throws -> TensorInfo {
        guard let tensor = tensors[name] else {
            throw Issue.noTensor(name, in: path, of: names.count)
        }
        return tensor
    }

    /// A tensor's elements, row-major; F16 and BF16 exactly, F64 rounded to nearest, whole numbers times
    /// the scales of their rows.
    /// - Throws: `Issue` when the tensor is missing or not of a float type.
    public func float32(_ name: String) throws -> [Float] {
        try tensor(name).floats()
    }

    /// The same, for a tensor that must have a given shape.
    /// - Throws: `Issue` also when the shape is another.
    public func float32(_ name: String, shape expected: [Int]) throws -> [Float] {
        let shape = try info(name).shape
        guard shape == expected else {
            throw Issue(
                .mismatch, .path(path), field: .tensor(name), found: "shape \(shape)", allowed: "\(expected)")
        }
        return try float32(name)
    }

    /// The elements of a tensor that a model computes with, which must be finite.
    ///
    /// - Parameter shape: what the tensor must have, where it matters.
    /// - Throws: `Issue` also when one is not.
    public func weights(_ name: String, shape: [Int]? = nil) throws -> [Float] {
        let floats = try shape.map { try float32(name, shape: $0) } ?? float32(name)
        if let wrong = FloatConversions.firstNotFinite(floats) {
            throw Issue(
                .outOfRange, .path(path), field: .tensor(name), found: "\(floats[wrong]) at element \(wrong)",
                allowed: "finite numbers")
        }
        return floats
    }

    /// A tensor as it is, on its way into another file.
    /// - Throws: `Issue` when there is no tensor of that name.
    public func copy(of name: String) throws -> SafetensorsTensor {
        let info = try info(name)
        return SafetensorsTensor(
            name: name, shape: info.storedShape, elementType: info.elementType,
            producing: { try self.withUnsafeBytes(of: name) { Data($0) } })
    }

    /// Calls `body` with a tensor's bytes, which may lie at any alignment; the pointer must not outlive the
    /// call.
    public func withUnsafeBytes<R>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R
    {
        let info = try info(name)
        return try parts[info.part].withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[info.byteRange]))
        }
    }
}

/// One file with its header.
private struct SafetensorsPart {
    let path: String
    let file: MemoryMappedFile
    let header: SafetensorsHeader

    init(path: String) throws {
        self.path = path
        file = try MemoryMappedFile(path: path)
        header = try file.withUnsafeBytes { try SafetensorsHeader($0, file: path) }
    }
}
