import Tensors

extension Matrix {
    /// Zeroes units of a level's pattern, chosen at random with the probability of its sparsity.
    ///
    /// How long a kernel takes does not depend on which units are zero. Of 2:4, the two that are kept of
    /// every four are chosen at random.
    public mutating func scatterZeros(_ level: Level, using random: inout CounterBasedRandom) {
        guard let unit = level.pattern.unit else { return }
        for firstRow in stride(from: 0, to: rows, by: unit.rows) {
            if level.pattern == .twoOfFour {
                keepTwoOfFour(row: firstRow, using: &random)
                continue
            }
            for firstColumn in stride(from: 0, to: columns, by: unit.columns)
            where random.nextUniform() < level.sparsity {
                for row in firstRow..<min(firstRow + unit.rows, rows) {
                    for column in firstColumn..<min(firstColumn + unit.columns, columns) {
                        self[row, column] = 0
                    }
                }
            }
        }
    }

    private mutating func keepTwoOfFour(row: Int, using random: inout CounterBasedRandom) {
        for first in stride(from: 0, to: columns - columns % 4, by: 4) {
            for column in (first..<first + 4).shuffled(using: &random).prefix(2) { self[row, column] = 0 }
        }
    }
}
