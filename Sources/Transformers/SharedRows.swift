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

    /// Writes the embedding of each sequence, given its hidden states [hidden × tokens].
    func writeEmbeddings(
        of states: PanelMatrix, batch: TokenBatch, by modules: SentenceModules, firstRow: Int
    ) {
        precondition(modules.width(hidden: states.features) == columns)
        for sequence in 0..<batch.count {
            let pooled = modules.pooling.modes.flatMap {
                Self.pool(states, batch.range(sequence), by: $0, of: modules.pooling)
            }
            let out = memory + (firstRow + sequence) * columns
            for (column, value) in modules.embedding(pooled).enumerated() { out[column] = value }
        }
    }

    private static func pool(
        _ states: PanelMatrix, _ tokens: Range<Int>, by mode: SentencePooling.Mode,
        of pooling: SentencePooling
    ) -> [Float] {
        var pooled = [Float](repeating: 0, count: states.features)
        func forEachValue(of token: Int, _ body: (inout Float, Float) -> Void) {
            let column = states.column(of: tokens.lowerBound + token)
            let source = states.address + column.offset
            for feature in pooled.indices { body(&pooled[feature], source[feature * column.stride]) }
        }
        guard let sum = pooling.weightedSum(mode, count: tokens.count) else {
            let pooledTokens = pooling.pooledTokens(of: tokens.count)
            for token in pooledTokens.prefix(1) { forEachValue(of: token) { $0 = $1 } }
            for token in pooledTokens.dropFirst() { forEachValue(of: token) { $0 = max($0, $1) } }
            return pooled
        }
        for token in sum.tokens {
            let weight = sum.weight(of: token)
            forEachValue(of: token) { $0 += weight * $1 }
        }
        return pooled.map { $0 / sum.divisor }
    }

    /// Writes the columns of a matrix [columns × sequences] as rows.
    func write(columnsOf matrix: PanelMatrix, firstRow: Int) {
        precondition(matrix.features == columns && firstRow + matrix.tokens <= rows)
        matrix.write(tokenMajor: memory + firstRow * columns)
    }

    /// Writes some columns of a matrix [columns × tokens] as all rows.
    func write(columnsOf matrix: PanelMatrix, _ tokens: Range<Int>) {
        precondition(matrix.features == columns && tokens.count == rows)
        for (row, token) in tokens.enumerated() {
            let column = matrix.column(of: token)
            for feature in 0..<columns {
                memory[row * columns + feature] = matrix.address[column.offset + feature * column.stride]
            }
        }
    }

    var matrix: Matrix {
        Matrix(
            rows: rows, columns: columns,
            elements: Array(UnsafeBufferPointer(start: memory, count: rows * columns)))
    }
}
