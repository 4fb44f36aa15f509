import Tensors

/// Whole numbers of a weight whose consecutive rows, some at a time, keep the same columns, taken in fours.
struct IntegerGroups: Sendable {
    /// [fours of all groups][groupRows][4]
    let values: AlignedBuffer<Int8>
    /// [fours of all groups][4]
    let places: AlignedBuffer<UInt16>
    /// [groups + 1]: the first of a group's fours.
    let starts: AlignedBuffer<UInt32>
    /// [groups][groupRows]: where each row belongs.
    let rowOf: AlignedBuffer<UInt32>
    /// How many groups.
    let count: Int
    /// Fours of each group, and one for its end.
    let costs: [Int]
    /// Kept columns of all groups, without what fills up fours.
    let keptColumns: Int

    init(_ integers: IntegerRows, rows: Int, columns: Int, groupRows: Int) {
        let count = (rows + groupRows - 1) / groupRows
        var values: [Int8] = []
        var places: [UInt16] = []
        var starts: [UInt32] = [0]
        var keptColumns = 0
        for group in 0..<count {
            let members = group * groupRows..<min((group + 1) * groupRows, rows)
            var kept = (0..<columns).filter { column in
                members.contains { integers.values[$0 * columns + column] != 0 }
            }
            keptColumns += kept.count
            let missing = (4 - kept.count % 4) % 4
            kept += [Int](repeating: columns, count: missing)
            for first in stride(from: 0, to: kept.count, by: 4) {
                let four = kept[first..<first + 4]
                places += four.map { UInt16(min($0, columns - 1)) }
                for row in group * groupRows..<(group + 1) * groupRows {
                    values += four.map { column in
                        row < rows && column < columns ? integers.values[row * columns + column] : 0
                    }
                }
            }
            starts.append(UInt32(places.count / 4))
        }
        self.values = AlignedBuffer(values)
        self.places = AlignedBuffer(places)
        self.starts = AlignedBuffer(starts)
        rowOf = AlignedBuffer((0..<count * groupRows).map(UInt32.init))
        self.count = count
        costs = (0..<count).map { Int(starts[$0 + 1] - starts[$0]) + 1 }
        self.keptColumns = keptColumns
    }
}
