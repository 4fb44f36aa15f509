import Foundation
import Levels

/// A tensor on its way into a GGUF file.
public struct GGUFTensor: Sendable {
    /// How elements can be stored.
    public enum Encoding: String, Sendable, CaseIterable {
        case f32
        /// Rounded to nearest, ties to even.
        case f16
        /// Blocks of 32 elements of 8 bits with one scale; zeros stay zeros.
        case q8_0
        /// Blocks of 32 elements of 4 bits, from −7 to 7 times one scale: of those that make the largest a whole number,
        /// the one of the least squared error.
        case q4_0

        var elementType: GGUFElementType {
            switch self {
            case .f32: .f32
            case .f16: .f16
            case .q8_0: .q8_0
            case .q4_0: .q4_0
            }
        }
    }

    /// The tensor's name in the file.
    public let name: String
    /// Its dimensions, outermost first.
    public let shape: [Int]
    /// How its elements are stored.
    public let encoding: Encoding
    let produce: @Sendable () throws -> [Float]

    /// A tensor whose elements, row-major, are made when it is its turn to be written.
    public init(
        name: String, shape: [Int], encoding: Encoding,
        producing floats: @escaping @Sendable () throws -> [Float]
    ) {
        self.name = name
        self.shape = shape
        self.encoding = encoding
        produce = floats
    }
}

/// Writes GGUF files of version 3.
public enum GGUFWriter {
    /// Replaces the file at `path`, atomically; tensors are written one after the other.
    /// - Throws: `Issue` when a tensor's data does not fill its shape, a name is taken twice, rows
    ///   are no whole number of blocks, or the file cannot be written.
    public static func write(_ tensors: [GGUFTensor], metadata: [GGUFEntry], to path: String) throws {
        let alignment = GGUFHeader.defaultAlignment
        let metadata = metadata.filter { $0.key != GGUFHeader.alignmentKey }
        let header = try header(tensors, metadata, alignment: alignment, path: path)
        try AtomicFile.write(to: path) { temporaryPath in
            let file = try FileDescriptor(rewriting: temporaryPath, named: path)
            try header.withUnsafeBytes { try file.write($0) }
            for tensor in tensors {
                let floats = try tensor.produce()
                guard floats.count == tensor.shape.reduce(1, *) else {
                    throw Issue(
                        .mismatch, .path(path), field: .tensor(tensor.name), found: "\(floats.count) floats",
                        allowed: "as many as shape \(tensor.shape) has")
                }
                var bytes = encoded(floats, tensor.encoding)
                bytes.append(Data(count: padding(bytes.count, alignment)))
                try bytes.withUnsafeBytes { try file.write($0) }
            }
        }
    }

    private static func padding(_ count: Int, _ alignment: Int) -> Int {
        (alignment - count % alignment) % alignment
    }

    private static func header(_ tensors: [GGUFTensor], _ metadata: [GGUFEntry], alignment: Int, path: String)
        throws
        -> Data
    {
        var data = Data()
        append(GGUFHeader.magic, to: &data)
        append(GGUFHeader.version, to: &data)
        append(UInt64(tensors.count), to: &data)
        append(UInt64(metadata.count), to: &data)
        for entry in metadata {
            append(entry.key, to: &data)
            append(entry.value.kind.rawValue, to: &data)
            append(entry.value, to: &data)
        }
        var names = Set<String>()
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw Issue(
                    .exists, .path(path), field: .tensor(tensor.name), found: "a second time", allowed: "once"
                )
            }
            guard let byteCount = tensor.encoding.elementType.byteCount(ofShape: tensor.shape),
                (1...GGUFHeader.mostDimensions).contains(tensor.shape.count)
            else {
                throw Issue(
                    .unsupported, .path(path), field: .tensor(tensor.name), found: "shape \(tensor.shape)",
                    allowed: "1 to 4 dimensions, rows of a multiple of "
                        + "\(tensor.encoding.elementType.blockElements) for \(tensor.encoding.rawValue)")
            }
            append(tensor.name, to: &data)
            append(UInt32(tensor.shape.count), to: &data)
            for dimension in tensor.shape.reversed() { append(UInt64(dimension), to: &data) }
            append(tensor.encoding.elementType.rawValue, to: &data)
            append(UInt64(offset), to: &data)
            offset += byteCount + padding(byteCount, alignment)
        }
        data.append(Data(count: padding(data.count, alignment)))
        return data
    }

    private static func append(_ value: some FixedWidthInteger, to data: inout Data) {
        withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to data: inout Data) {
        append(UInt64(text.utf8.count), to: &data)
        data.append(contentsOf: text.utf8)
    }

    private static func append(_ value: GGUFValue, to data: inout Data) {
        switch value {
        case .uint8(let value): append(value, to: &data)
        case .int8(let value): append(value, to: &data)
        case .uint16(let value): append(value, to: &data)
        case .int16(let value): append(value, to: &data)
        case .uint32(let value): append(value, to: &data)
        case .int32(let value): append(value, to: &data)
        case .float32(let value): append(value.bitPattern, to: &data)
        case .boolean(let value): append(UInt8(value ? 1 : 0), to: &data)
        case .string(let text): append(text, to: &data)
        case .uint64(let value): append(value, to: &data)
        case .int64(let value): append(value, to: &data)
        case .float64(let value): append(value.bitPattern, to: &data)
        case .array(let type, let elements):
            append(type.rawValue, to: &data)
            append(UInt64(elements.count), to: &data)
            for element in elements { append(element, to: &data) }
        }
    }

    private static func encoded(_ floats: [Float], _ encoding: GGUFTensor.Encoding) -> Data {
        switch encoding {
        case .f32: return floats.withUnsafeBytes { Data($0) }
        case .f16: return floats.map { FloatConversions.half($0).littleEndian }.withUnsafeBytes { Data($0) }
        case .q8_0:
            var data = Data(capacity: floats.count / 32 * 34)
            for first in stride(from: 0, to: floats.count, by: 32) {
                let block = floats[first..<first + 32]
                let scale = (block.map(abs).max() ?? 0) / 127
                append(FloatConversions.half(scale), to: &data)
                let inverse = scale > 0 ? 1 / scale : 0
                for value in block {
                    data.append(UInt8(bitPattern: Int8(max(-127, min(127, (value * inverse).rounded())))))
                }
            }
            return data
        case .q4_0:
            var data = Data(capacity: floats.count / 32 * 18)
            for first in stride(from: 0, to: floats.count, by: 32) {
                appendFourBits(Array(floats[first..<first + 32]), to: &data)
            }
            return data
        }
    }

    /// One block: the scale, then the first half's numbers in the lower halves of bytes, the second half's in the upper.
    private static func appendFourBits(_ block: [Float], to data: inout Data) {
        let largest = block.reduce(Float(0)) { max($0, $1.magnitude) }
        func numbers(_ scale: Float) -> [Float] {
            block.map { scale > 0 ? max(-7, min(7, ($0 / scale).rounded())) : 0 }
        }
        var best = (scale: Float(0), error: Float.infinity)
        for count in 1...7 {
            let half = FloatConversions.half(largest / Float(8 - count))
            let scale = FloatConversions.float(fromHalf: half)
            let error = zip(block, numbers(scale)).reduce(Float(0)) { sum, pair in
                let difference = pair.0 - pair.1 * scale
                return sum + difference * difference
            }
            if error < best.error { best = (scale, error) }
        }
        append(FloatConversions.half(best.scale), to: &data)
        let bytes = numbers(best.scale).map { UInt8($0 + 8) }
        for index in 0..<16 { data.append(bytes[index] | bytes[index + 16] << 4) }
    }
}
