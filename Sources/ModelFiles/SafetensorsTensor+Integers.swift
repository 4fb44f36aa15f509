import Foundation

extension SafetensorsTensor {
    /// A weight [rows × columns] in 8 bits and the scales of its rows, as ``IntegerPacking/rows`` has them.
    public static func integers(_ name: String, _ values: [Int8], scales: [Float]) -> [SafetensorsTensor] {
        [
            SafetensorsTensor(
                name: name, shape: [scales.count, values.count / max(scales.count, 1)], elementType: .i8,
                bytes: values.withUnsafeBytes { Data($0) }),
            self.scales(name, scales),
        ]
    }

    /// The same without the columns that none of a unit's rows keeps, as ``IntegerPacking/kept(unitRows:)`` has it.
    public static func integers(
        _ name: String, kept values: [Int8], scales: [Float], unitRows: Int
    ) -> [SafetensorsTensor] {
        let rows = scales.count
        let columns = values.count / max(rows, 1)
        let width = (columns + 7) / 8
        var bits = [UInt8](repeating: 0, count: (rows + unitRows - 1) / unitRows * width)
        var kept: [Int8] = []
        for first in stride(from: 0, to: rows, by: unitRows) {
            let unit = first..<min(first + unitRows, rows)
            for column in 0..<columns where unit.contains(where: { values[$0 * columns + column] != 0 }) {
                bits[first / unitRows * width + column / 8] |= 1 << UInt8(column % 8)
                kept += unit.map { values[$0 * columns + column] }
            }
        }
        return [
            SafetensorsTensor(
                name: name, shape: [kept.count], elementType: .i8, bytes: kept.withUnsafeBytes { Data($0) }),
            self.scales(name, scales),
            SafetensorsTensor(
                name: name + IntegerPacking.keptSuffix, shape: [bits.count / max(width, 1), width],
                elementType: .u8, bytes: Data(bits)),
            sizes(name, [rows, columns, unitRows]),
        ]
    }

    /// A weight in 4 bits, as ``IntegerPacking/nibbles`` has it.
    public static func nibbles(
        _ name: String, packed: [UInt8], multipliers: [UInt8], scales: [Float], columns: Int
    ) -> [SafetensorsTensor] {
        let rows = scales.count
        return [
            SafetensorsTensor(
                name: name, shape: [rows, packed.count / max(rows, 1)], elementType: .u8, bytes: Data(packed)),
            self.scales(name, scales),
            SafetensorsTensor(
                name: name + IntegerPacking.multiplierSuffix,
                shape: [rows, multipliers.count / max(rows, 1)], elementType: .u8, bytes: Data(multipliers)),
            sizes(name, [rows, columns]),
        ]
    }

    private static func scales(_ name: String, _ scales: [Float]) -> SafetensorsTensor {
        SafetensorsTensor(name: name + IntegerPacking.scaleSuffix, shape: [scales.count], floats: scales)
    }

    private static func sizes(_ name: String, _ sizes: [Int]) -> SafetensorsTensor {
        let numbers = ([IntegerPacking.version] + sizes).map(Int64.init)
        return SafetensorsTensor(
            name: name + IntegerPacking.shapeSuffix, shape: [numbers.count], elementType: .i64,
            bytes: numbers.withUnsafeBytes { Data($0) })
    }
}
