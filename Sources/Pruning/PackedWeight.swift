import Foundation
import ModelFiles
import SparseKernels
import Tensors

/// A pruned weight as it is stored: one bit for each element, and the kept values, in 8 bits with a scale for
/// each row where they are on that grid.
struct PackedWeight {
    /// Row-major, least significant bit first, 1 for kept.
    let mask: Data
    /// Kept values in row-major order.
    let values: [Float]
    /// The whole numbers of the values, and the scales; nil where they have none.
    private let integers: IntegerRows?

    init(_ weight: Matrix, grid: WeightGrid? = nil) {
        var bits = [UInt8](repeating: 0, count: (weight.elements.count + 7) / 8)
        var kept: [Float] = []
        kept.reserveCapacity(weight.elements.count - weight.zeroCount)
        weight.elements.withUnsafeBufferPointer { elements in
            for (index, value) in elements.enumerated() where value != 0 {
                bits[index >> 3] |= 1 << UInt8(index & 7)
                kept.append(value)
            }
        }
        mask = Data(bits)
        values = kept
        integers = grid == .int8 ? IntegerRows(weight) : nil
    }

    /// What stands in a file after the mask.
    func tensors(named name: String) -> [SafetensorsTensor] {
        guard let integers else {
            return [SafetensorsTensor(name: "\(name).values", shape: [values.count], floats: values)]
        }
        let kept = integers.values.filter { $0 != 0 }
        return [
            SafetensorsTensor(
                name: "\(name).values", shape: [kept.count], elementType: .i8,
                bytes: kept.withUnsafeBytes { Data($0) }),
            SafetensorsTensor(
                name: "\(name).scales", shape: [integers.scales.count], floats: integers.scales),
        ]
    }

    /// The same for whole numbers and a scale for each row.
    static func unpack(
        mask: UnsafeRawBufferPointer, integers: UnsafeRawBufferPointer, scales: UnsafeRawBufferPointer,
        rows: Int, columns: Int
    ) -> Matrix? {
        guard scales.count == rows * MemoryLayout<Float>.size else { return nil }
        let floats = integers.map { Float(Int8(bitPattern: $0)) }
        guard
            var weight = floats.withUnsafeBytes({
                unpack(mask: mask, values: $0, rows: rows, columns: columns)
            })
        else { return nil }
        for row in 0..<rows {
            let scale = scales.loadUnaligned(fromByteOffset: row * MemoryLayout<Float>.size, as: Float.self)
            for index in row * columns..<(row + 1) * columns { weight.elements[index] *= scale }
        }
        return weight
    }

    /// Puts a weight together again; nil when the mask keeps another number of values than there are.
    static func unpack(
        mask: UnsafeRawBufferPointer, values: UnsafeRawBufferPointer, rows: Int, columns: Int
    ) -> Matrix? {
        let count = rows * columns
        let valueCount = values.count / MemoryLayout<Float>.size
        guard mask.count == (count + 7) / 8,
            mask.reduce(0, { $0 + $1.nonzeroBitCount }) == valueCount
        else { return nil }
        var matrix = Matrix(rows: rows, columns: columns)
        matrix.elements.withUnsafeMutableBufferPointer { elements in
            var next = 0
            for (index, byte) in mask.enumerated() {
                var left = byte
                while left != 0 {
                    let element = index * 8 + left.trailingZeroBitCount
                    guard element < count else { return }
                    elements[element] = values.loadUnaligned(
                        fromByteOffset: next * MemoryLayout<Float>.size, as: Float.self)
                    next += 1
                    left &= left - 1
                }
            }
        }
        return matrix
    }
}
