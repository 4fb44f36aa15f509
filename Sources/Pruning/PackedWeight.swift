import Foundation
import ModelFiles
import Tensors

/// A pruned weight in floats as a level database has it: one bit for each element, and the kept values.
struct PackedWeight {
    /// Row-major, least significant bit first, 1 for kept.
    let mask: Data
    /// Kept values in row-major order.
    let values: [Float]

    init(_ weight: Matrix) {
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
    }

    /// What stands in a file.
    func tensors(named name: String) -> [SafetensorsTensor] {
        [
            SafetensorsTensor(name: "\(name).mask", shape: [mask.count], elementType: .u8, bytes: mask),
            SafetensorsTensor(name: "\(name).values", shape: [values.count], floats: values),
        ]
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
