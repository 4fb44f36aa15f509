import Tensors

/// Rows that workers fill in, each its own.
final class SharedRows: @unchecked Sendable {
    // Unchecked: a chunk of sequences, and so its rows, belongs to one worker.
    private let rows: Int
    private let columns: Int
    private let memory: UnsafeMutablePointer<Float>

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        memory = .allocate(capacity: max(rows * columns, 1))
        memory.initialize(repeating: 0, count: rows * columns)
    }

    deinit {
        memory.deallocate()
    }

    /// Writes the mean over each sequence's tokens, scaled to length 1.
    func writeMeans(of states: PanelMatrix, batch: TokenBatch, firstRow: Int) {
        for sequence in 0..<batch.count {
            let out = memory + (firstRow + sequence) * columns
            for token in batch.range(sequence) {
                let column = states.column(of: token)
                let source = states.address + column.offset
                for feature in 0..<columns { out[feature] += source[feature * column.stride] }
            }
            var squares: Double = 0
            for feature in 0..<columns { squares += Double(out[feature]) * Double(out[feature]) }
            let scale = Float(1 / max(squares.squareRoot(), 1e-12))
            for feature in 0..<columns { out[feature] *= scale }
        }
    }

    /// Writes the columns of a matrix [columns × sequences] as rows.
    func write(columnsOf matrix: PanelMatrix, firstRow: Int) {
        precondition(matrix.features == columns && firstRow + matrix.tokens <= rows)
        for sequence in 0..<matrix.tokens {
            let out = memory + (firstRow + sequence) * columns
            for column in 0..<columns { out[column] = matrix[column, sequence] }
        }
    }

    var matrix: Matrix {
        Matrix(
            rows: rows, columns: columns,
            elements: Array(UnsafeBufferPointer(start: memory, count: rows * columns)))
    }
}
