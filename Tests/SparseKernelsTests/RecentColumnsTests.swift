import Tensors
import Testing

@testable import SparseKernels

/// The order of rows that finds activations in the cache.
@Suite struct RecentColumnsTests {
    private func units(keeping columns: [[Int]], of width: Int) -> [KeptUnit] {
        var weight = Matrix(rows: columns.count, columns: width)
        for (row, kept) in columns.enumerated() {
            for column in kept { weight[row, column] = 1 }
        }
        return columns.indices.map { KeptUnit(weight, unit: .single, number: $0, block: 0..<width) }
    }

    @Test func rowsOfTheSameColumnsFollowEachOther() {
        var rows = units(keeping: [[0, 1], [4, 5], [0, 1], [4, 5], [0, 2], [4, 6]], of: 8)
        var recent = RecentColumns(of: 0..<8, capacity: 3)
        recent.order(&rows)
        let isLow = rows.map { $0.columns[0] == 0 }
        // Once from one half of the columns to the other, not five times.
        #expect(zip(isLow, isLow.dropFirst()).filter { $0 != $1 }.count == 1)
        #expect(Set(rows.map(\.number)) == Set(0..<6))
    }

    @Test func whatWasNotUsedForLongIsForgotten() {
        var recent = RecentColumns(of: 0..<6, capacity: 2)
        var first = units(keeping: [[0, 1]], of: 6)
        recent.order(&first)
        var second = units(keeping: [[2, 3]], of: 6)
        recent.order(&second)
        // Columns 2 and 3 have displaced 0 and 1.
        var rows = units(keeping: [[0, 1], [2, 3]], of: 6)
        recent.order(&rows)
        #expect(rows.map(\.number) == [1, 0])
    }

    @Test func randomRowsFindMoreThanInOrder() {
        var random = CounterBasedRandom(seed: 3)
        let columns = (0..<200).map { _ in (0..<160).filter { _ in random.nextUniform() < 0.07 } }
        func found(_ rows: [KeptUnit]) -> Int {
            // A column is in the cache when fewer than 40 others were used since: counted here by hand.
            var uses: [Int] = []
            return rows.reduce(0) { sum, row in
                let held = Set(uses.suffix(40))
                let hits = row.columns.filter { held.contains($0) }.count
                for column in row.columns {
                    uses.removeAll { $0 == column }
                    uses.append(column)
                }
                return sum + hits
            }
        }
        let inOrder = units(keeping: columns, of: 160)
        var ordered = inOrder
        var recent = RecentColumns(of: 0..<160, capacity: 40)
        recent.order(&ordered)
        #expect(Set(ordered.map(\.number)) == Set(0..<200))
        #expect(found(ordered) > found(inOrder) * 5 / 4)
    }
}
