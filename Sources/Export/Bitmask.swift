import Foundation
import ModelFiles

/// A matrix as compressed-tensors' `sparse-bitmask` stores it: the values that are not zero, row after row,
/// a bit for each element, and where each row's values start.
struct Bitmask: Equatable {
    /// Output and input features.
    let rows: Int, columns: Int
    /// Values that are not zero.
    let values: [Float]
    /// [rows × ⌈columns / 8⌉], least significant bit first, 1 for a value.
    let bits: [UInt8]
    /// Index of each row's first value.
    let rowOffsets: [Int64]

    /// Packs a matrix, row-major.
    init(_ elements: [Float], rows: Int, columns: Int) {
        precondition(elements.count == rows * columns)
        let stride = (columns + 7) / 8
        var bits = [UInt8](repeating: 0, count: rows * stride)
        var values: [Float] = []
        var offsets: [Int64] = []
        elements.withUnsafeBufferPointer { elements in
            for row in 0..<rows {
                offsets.append(Int64(values.count))
                for column in 0..<columns where elements[row * columns + column] != 0 {
                    values.append(elements[row * columns + column])
                    bits[row * stride + column / 8] |= 1 << UInt8(column % 8)
                }
            }
        }
        self.rows = rows
        self.columns = columns
        self.bits = bits
        self.values = values
        rowOffsets = offsets
    }

    /// The tensors that stand for the weight of a module.
    func tensors(module: String) -> [SafetensorsTensor] {
        func integers(_ name: String, _ values: [Int64]) -> SafetensorsTensor {
            SafetensorsTensor(
                name: "\(module).\(name)", shape: [values.count], elementType: .i64,
                bytes: values.withUnsafeBytes { Data($0) })
        }
        return [
            integers("shape", [Int64(rows), Int64(columns)]), integers("row_offsets", rowOffsets),
            SafetensorsTensor(name: "\(module).compressed", shape: [values.count], floats: values),
            SafetensorsTensor(
                name: "\(module).bitmask", shape: [rows, (columns + 7) / 8], elementType: .u8,
                bytes: Data(bits)),
        ]
    }
}
