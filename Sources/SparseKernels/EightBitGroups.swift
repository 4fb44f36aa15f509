import CKernels
import Tensors

/// 8-bit weights in the order in which the kernels read them; `secateur_eightbit` describes it.
struct EightBitGroups {
    private(set) var values: [UInt8] = []
    private(set) var scales: [UInt16] = []
    /// Empty where zeros are stored like other weights.
    private(set) var masks: [UInt64] = []
    private(set) var starts: [UInt32] = []

    private static let groupColumns = QuantizedVector.groupColumns
    private static let blockRows = QuantizedVector.blockRows
    /// Columns of which a row's weights are side by side.
    private static let quadColumns = 4
    /// What stands for zero.
    private static let zero: UInt8 = 128

    init(_ weight: Matrix, leavingOutZeros: Bool) {
        values.reserveCapacity(leavingOutZeros ? weight.elements.count / 2 : weight.elements.count)
        weight.elements.withUnsafeBufferPointer { elements in
            for firstRow in stride(from: 0, to: weight.rows, by: Self.blockRows) {
                starts.append(UInt32(values.count))
                for firstColumn in stride(from: 0, to: weight.columns, by: Self.groupColumns) {
                    let group = Group(weight, elements, firstRow: firstRow, firstColumn: firstColumn)
                    append(group, leavingOutZeros: leavingOutZeros)
                }
            }
        }
        // Kernels read whole registers: the last one needs something after it.
        values += [UInt8](repeating: Self.zero, count: 64)
    }

    private mutating func append(_ group: Group, leavingOutZeros: Bool) {
        scales += group.scales
        for quad in 0..<Self.groupColumns / Self.quadColumns {
            var mask: UInt64 = 0
            for row in 0..<Self.blockRows {
                for place in 0..<Self.quadColumns {
                    let value = group[row, quad * Self.quadColumns + place]
                    guard !leavingOutZeros || value != 0 else { continue }
                    mask |= 1 << UInt64(row * Self.quadColumns + place)
                    let steps = (value * group.inverses[row]).rounded()
                    values.append(UInt8(max(-127, min(127, steps)) + Float(Self.zero)))
                }
            }
            if leavingOutZeros { masks.append(mask) }
        }
    }

    /// The weights of a block of rows in a group of columns; zero past the layer's last.
    private struct Group {
        let weight: Matrix
        let elements: UnsafeBufferPointer<Float>
        let firstRow: Int
        let firstColumn: Int
        /// Of each row: the upper half of a float.
        private(set) var scales: [UInt16] = []
        /// 1 / scale; 0 where all weights are zero.
        private(set) var inverses: [Float] = []

        init(_ weight: Matrix, _ elements: UnsafeBufferPointer<Float>, firstRow: Int, firstColumn: Int) {
            (self.weight, self.elements) = (weight, elements)
            (self.firstRow, self.firstColumn) = (firstRow, firstColumn)
            for row in 0..<EightBitGroups.blockRows {
                var largest: Float = 0
                for column in 0..<EightBitGroups.groupColumns {
                    largest = max(largest, abs(self[row, column]))
                }
                // The upper half of the float above: no weight is then beyond 127 scales.
                let bits = UInt16(truncatingIfNeeded: ((largest / 127).bitPattern + 0xFFFF) >> 16)
                let scale = Float(bitPattern: UInt32(bits) << 16)
                scales.append(bits)
                inverses.append(scale.isNormal ? 1 / scale : 0)
            }
        }

        subscript(row: Int, column: Int) -> Float {
            guard firstRow + row < weight.rows, firstColumn + column < weight.columns else { return 0 }
            return elements[(firstRow + row) * weight.columns + firstColumn + column]
        }
    }
}
