import Levels
import Tensors

/// Where a unit keeps weights in a block of columns.
struct KeptUnit {
    /// The unit's number in the layer; past the last one, nothing is kept.
    let number: Int
    /// The first columns of the kept units.
    private(set) var columns: [Int] = []

    init(_ weight: Matrix, unit: UnitShape, number: Int, block: Range<Int>) {
        self.number = number
        let rows = min(number * unit.rows, weight.rows)..<min((number + 1) * unit.rows, weight.rows)
        weight.elements.withUnsafeBufferPointer { elements in
            for first in stride(from: block.lowerBound, to: block.upperBound, by: unit.columns) {
                let group = first..<min(first + unit.columns, block.upperBound)
                var isKept = false
                for row in rows {
                    for column in group { isKept = isKept || elements[row * weight.columns + column] != 0 }
                }
                if isKept { columns.append(first) }
            }
        }
    }
}

/// The columns whose activations the first-level cache holds while one unit is computed after the other:
/// those that were used last.
struct RecentColumns {
    private let first: Int
    private let capacity: Int
    /// From the longest unused one to the last.
    private var columns: [Int] = []
    private var isRecent: [Bool]

    /// Of how many units the next one is chosen: time grows with it.
    private static let choices = 96

    /// None of the columns of a block is held yet.
    init(of block: Range<Int>, capacity: Int) {
        first = block.lowerBound
        self.capacity = capacity
        isRecent = Array(repeating: false, count: block.count)
    }

    /// Orders units so that each is the one, of the next ones, that finds the largest part of its columns.
    mutating func order(_ units: inout [KeptUnit]) {
        for place in units.indices {
            let parts = units[place...].prefix(Self.choices).map(found)
            if let best = parts.indices.max(by: { parts[$0] < parts[$1] }) {
                units.swapAt(place, place + best)
            }
            use(units[place].columns)
        }
    }

    /// The part of a unit's columns that are held.
    private func found(by unit: KeptUnit) -> Double {
        guard !unit.columns.isEmpty else { return 1 }
        let found = unit.columns.reduce(0) { isRecent[$1 - first] ? $0 + 1 : $0 }
        return Double(found) / Double(unit.columns.count)
    }

    private mutating func use(_ used: [Int]) {
        for column in used { isRecent[column - first] = false }
        columns.removeAll { !isRecent[$0 - first] }
        columns += used
        let forgotten = max(columns.count - capacity, 0)
        for column in used { isRecent[column - first] = true }
        for column in columns.prefix(forgotten) { isRecent[column - first] = false }
        columns.removeFirst(forgotten)
    }
}
