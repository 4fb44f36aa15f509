import Tensors
import Transformers

/// The sum of word and position embeddings, and those of token types where there are any, of every token
/// [tokens × hidden].
struct EmbeddingOperation {
    let words: Parameter
    let positions: Parameter
    /// Rows of it before the first token's.
    let positionsBefore: Int
    /// Whether the second sentence of a pair is of another type than the first.
    let separatesSentences: Bool
    let types: Parameter?

    func forward(_ batch: TokenBatch, pool: ThreadPool) -> Matrix {
        var output = Matrix(rows: batch.tokens, columns: words.value.columns)
        let rows = rows(batch)
        let (words, positions, types) = (words.value, positions.value, types?.value)
        output.forEachRow(pool: pool) { token, out in
            let (word, position, type) = (rows[token].word, rows[token].position, rows[token].type)
            for column in out.indices {
                out[column] =
                    words.elements[word * out.count + column]
                    + positions.elements[position * out.count + column]
            }
            guard let types else { return }
            for column in out.indices { out[column] += types.elements[type * out.count + column] }
        }
        return output
    }

    /// Adds each token's gradient to the rows that it was the sum of.
    func backward(_ dy: Matrix, batch: TokenBatch) {
        for (token, row) in rows(batch).enumerated() {
            words.addGradient(dy, row: token, toRow: row.word)
            positions.addGradient(dy, row: token, toRow: row.position)
            types?.addGradient(dy, row: token, toRow: row.type)
        }
    }

    private func rows(_ batch: TokenBatch) -> [(word: Int, position: Int, type: Int)] {
        (0..<batch.count).flatMap { sequence in
            batch.range(sequence).enumerated().map { position, token in
                (
                    Int(batch.ids[token]), positionsBefore + position,
                    separatesSentences ? Int(batch.types[token]) : 0
                )
            }
        }
    }
}
