import Foundation
import Levels

/// A safetensors file, mapped into memory and checked in full when it is opened.
///
///     let file = try SafetensorsFile(path: "models/minilm/model.safetensors")
///     let bias = try file.float32("pooler.dense.bias", shape: [384])
///
/// Opening costs one pass over the header. Reading a tensor copies it once.
/// The format: https://github.com/huggingface/safetensors#format
public final class SafetensorsFile: Sendable {
    /// The path as the caller gave it.
    public let path: String
    /// The free-form `__metadata__` of the header.
    public let metadata: [String: String]
    /// Every tensor by name.
    public let tensors: [String: TensorInfo]
    /// The tensors' names by position in the file.
    public let names: [String]

    private let file: MemoryMappedFile

    /// Opens and checks a file.
    /// - Throws: `Issue` that says what in the header is wrong, and for which tensor.
    public init(path: String) throws {
        let file = try MemoryMappedFile(path: path)
        let header = try file.withUnsafeBytes { try SafetensorsHeader($0, file: path) }
        var tensors: [String: TensorInfo] = [:]
        for tensor in header.tensors where tensors.updateValue(tensor, forKey: tensor.name) != nil {
            throw Issue(
                .malformed, .path(path), field: .tensor(tensor.name),
                found: "two names that Unicode takes for the same", allowed: "one")
        }
        self.file = file
        self.path = path
        self.tensors = try PackedTensors(path: path, stored: tensors) { info in
            file.withUnsafeBytes { Array($0[info.byteRange]) }
        }.unpacked()
        metadata = header.metadata
        names = header.tensors.map(\.name)
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
        let range = try info(name).byteRange
        return try file.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
