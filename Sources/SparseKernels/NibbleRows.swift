import CKernels
import Tensors

/// A weight in whole numbers of 4 bits: each is a number from −7 to 7 times the multiplier of its group of 32 columns
/// times the scale of its row.
public struct NibbleRows: Sendable {
    /// Columns of a row that share a multiplier.
    public static let groupColumns = Int(SECATEUR_INT4_GROUP)

    public let rows: Int
    public let columns: Int
    /// The numbers [rows × columns], row-major.
    public let values: [Int8]
    /// One for each group [rows × groups], from 1 on.
    public let multipliers: [UInt8]
    /// One for each row.
    public let scales: [Float]

    /// Groups that a row of so many columns has.
    public static func groups(of columns: Int) -> Int { (columns + groupColumns - 1) / groupColumns }

    /// Finds the whole numbers of a weight. One that is on the grid already, as one that was pruned to int4, is taken
    /// as it is; another is rounded to the nearest.
    public init(_ weight: Matrix) {
        guard
            let found = NibbleRows(onGrid: weight) ?? NibbleRows(onGrid: WeightGrid.int4.nearest(to: weight))
        else { preconditionFailure("a weight that was rounded to a grid is not on it") }
        self = found
    }

    private init?(onGrid weight: Matrix) {
        (rows, columns) = (weight.rows, weight.columns)
        var values: [Int8] = []
        var multipliers: [UInt8] = []
        var scales: [Float] = []
        for row in 0..<weight.rows {
            guard let found = Row(weight.row(row)) else { return nil }
            values += found.values
            multipliers += found.multipliers
            scales.append(found.scale)
        }
        (self.values, self.multipliers, self.scales) = (values, multipliers, scales)
    }

    /// One row of a weight that is on the grid.
    private struct Row {
        var values: [Int8] = []
        var multipliers: [UInt8] = []
        var scale: Float = 0

        /// Takes the first of ``WeightGrid/scales(ofLargest:multiples:)`` that all weights are multiples of; nil where
        /// there is none.
        init?(_ line: ArraySlice<Float>) {
            let (grid, largest) = (WeightGrid.int4, line.reduce(0) { max($0, $1.magnitude) })
            guard largest > 1e-30 else {
                values = [Int8](repeating: 0, count: line.count)
                multipliers = [UInt8](repeating: 1, count: NibbleRows.groups(of: line.count))
                return
            }
            let scales = WeightGrid.scales(
                ofLargest: largest, multiples: grid.highest * grid.highestMultiplier)
            for scale in scales {
                let isOnGrid = line.allSatisfy { ($0 / scale).rounded() * scale == $0 }
                guard isOnGrid, divide(line.map { Int(($0 / scale).rounded()) }) else { continue }
                self.scale = scale
                return
            }
            return nil
        }

        /// Divides each group by the least number that leaves none beyond 7; false where a group has none.
        private mutating func divide(_ numbers: [Int]) -> Bool {
            (values, multipliers) = ([], [])
            for first in stride(from: 0, to: numbers.count, by: NibbleRows.groupColumns) {
                let group = Array(numbers[first..<min(first + NibbleRows.groupColumns, numbers.count)])
                guard let divisor = WeightGrid.int4.multiplier(of: group) else { return false }
                multipliers.append(UInt8(divisor))
                values += group.map { Int8($0 / divisor) }
            }
            return true
        }
    }

    /// Two columns of a row in a byte [rows × (columns + 1)/2], each 8 more than its number: the even one in the lower
    /// half.
    public var packed: [UInt8] {
        (0..<rows).flatMap { row in
            stride(from: 0, to: columns, by: 2).map { column in
                let low = values[row * columns + column] + 8
                let high = column + 1 < columns ? values[row * columns + column + 1] + 8 : 8
                return UInt8(low) | UInt8(high) << 4
            }
        }
    }

    /// The same as numbers of 8 bits: multiplied.
    public var integers: IntegerRows {
        let groups = Self.groups(of: columns)
        var products = values
        for row in 0..<rows {
            for column in 0..<columns {
                products[row * columns + column] *= Int8(
                    multipliers[row * groups + column / Self.groupColumns])
            }
        }
        return IntegerRows(values: products, scales: scales)
    }
}

/// The same in the order in which kernels read it; `secateur_int4` describes it.
struct NibbleBlocks {
    let values: AlignedBuffer<UInt8>
    let multipliers: AlignedBuffer<UInt8>

    init(_ nibbles: NibbleRows) {
        let (height, width) = (Int(SECATEUR_INT4_ROWS), NibbleRows.groupColumns)
        let groups = secateur_int4_groups(nibbles.columns)
        let own = NibbleRows.groups(of: nibbles.columns)
        let blocks = (nibbles.rows + height - 1) / height
        func number(_ row: Int, _ column: Int) -> UInt8 {
            guard row < nibbles.rows, column < nibbles.columns else { return 8 }
            return UInt8(nibbles.values[row * nibbles.columns + column] + 8)
        }
        multipliers = AlignedBuffer(count: blocks * groups * height) { buffer in
            for index in buffer.indices {
                let row = index / (groups * height) * height + index % height
                let group = index / height % groups
                buffer[index] =
                    row < nibbles.rows && group < own ? nibbles.multipliers[row * own + group] : 1
            }
        }
        values = AlignedBuffer(count: blocks * groups * height * width / 2) { buffer in
            for index in buffer.indices {
                let row = index / (groups * height * width / 2) * height + index / 4 % height
                let pair = index / (4 * height) % (groups * width / 8)
                let column = pair * 8 + index % 4
                buffer[index] = number(row, column) | number(row, column + 4) << 4
            }
        }
    }
}
