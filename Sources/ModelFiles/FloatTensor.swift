import Levels

/// One tensor of a mapped file, read as floats whatever it is stored as.
///
/// Nothing is kept of what was read: a caller that needs a weight once holds it once.
public struct FloatTensor: Sendable {
    /// The file, for errors.
    public let file: String
    /// The tensor's name in the file.
    public let name: String
    /// Its dimensions, outermost first.
    public let shape: [Int]
    private let read: @Sendable (_ rows: Range<Int>) throws -> [Float]

    init(
        file: String, name: String, shape: [Int],
        read: @escaping @Sendable (_ rows: Range<Int>) throws -> [Float]
    ) {
        self.file = file
        self.name = name
        self.shape = shape
        self.read = read
    }

    /// Length of the outermost dimension.
    public var rowCount: Int { shape.first ?? 1 }

    /// Number of elements.
    public var elementCount: Int { shape.reduce(1, *) }

    /// All elements, row-major.
    /// - Throws: `Issue` for an element type that is not of numbers.
    public func floats() throws -> [Float] {
        try read(0..<rowCount)
    }

    /// The elements of some rows, the outermost dimension.
    public func floats(rows: Range<Int>) throws -> [Float] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount)
        return try read(rows)
    }

    /// The same tensor, after a check that it has a given shape.
    /// - Throws: `Issue` when the shape is another.
    public func checked(shape expected: [Int]) throws -> FloatTensor {
        guard shape == expected else {
            throw Issue(
                .mismatch, .path(file), field: .tensor(name), found: "shape \(shape)", allowed: "\(expected)")
        }
        return self
    }
}

/// A file, or several that belong together, with named tensors.
public protocol TensorFile: Sendable {
    /// The path as the caller gave it.
    var path: String { get }
    /// The tensors' names, by position in the file.
    var names: [String] { get }
    /// A tensor by name.
    /// - Throws: `Issue` when there is none, or it does not hold numbers.
    func tensor(_ name: String) throws -> FloatTensor
}

extension SafetensorsFile: TensorFile {
    /// A tensor by name.
    /// - Throws: `Issue` when there is none, or it does not hold floats.
    public func tensor(_ name: String) throws -> FloatTensor {
        let info = try info(name)
        let type = info.elementType
        if let integers = try integers(name, shape: info.shape) {
            return FloatTensor(file: path, name: name, shape: info.shape) { rows in
                let width = info.shape[1]
                return rows.flatMap { row in
                    integers.values[row * width..<(row + 1) * width].map { Float($0) * integers.scales[row] }
                }
            }
        }
        guard [.f32, .f16, .bf16, .f64].contains(type) else {
            throw Issue(
                .unsupported, .path(path), field: .tensor(name), found: "dtype \(type.rawValue)",
                allowed: "F32, F16, BF16, F64")
        }
        let rowBytes = info.byteRange.count / max(info.shape.first ?? 1, 1)
        return FloatTensor(file: path, name: name, shape: info.shape) { rows in
            try self.withUnsafeBytes(of: name) { bytes in
                let part = bytes[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes]
                return FloatConversions.floats(UnsafeRawBufferPointer(rebasing: part), from: type) ?? []
            }
        }
    }
}
