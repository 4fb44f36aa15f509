import Levels
import Tensors

extension Matrix {
    /// Zeroes units of a level's pattern, chosen at random with the probability of its sparsity.
    ///
    /// How long a kernel takes does not depend on which units are zero. Of N:M, those that are kept of each
    /// run are chosen at random.
    public mutating func scatterZeros(_ level: Level, using random: inout CounterBasedRandom) {
        guard let unit = level.pattern.unit else { return }
        for firstRow in stride(from: 0, to: rows, by: unit.rows) {
            if let kept = level.pattern.kept {
                keep(kept, ofRow: firstRow, using: &random)
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

    private mutating func keep(
        _ kept: (count: Int, of: Int), ofRow row: Int, using random: inout CounterBasedRandom
    ) {
        for first in stride(from: 0, to: columns - columns % kept.of, by: kept.of) {
            let dropped = (first..<first + kept.of).shuffled(using: &random).prefix(kept.of - kept.count)
            for column in dropped { self[row, column] = 0 }
        }
    }
}
