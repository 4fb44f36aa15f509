import Tensors
import Transformers

/// One vector of length 1 for each sequence, E [sequences × hidden]: the mean M over its tokens, divided by
/// its norm; as sentence-transformers pools.
enum SentenceOperation {
    struct Saved {
        /// E.
        let embeddings: Matrix
        /// ‖M‖ of each sequence.
        let norms: [Float]
    }

    static func forward(_ hidden: Matrix, batch: TokenBatch) -> Saved {
        var embeddings = Matrix(rows: batch.count, columns: hidden.columns)
        var norms = [Float](repeating: 0, count: batch.count)
        for sequence in 0..<batch.count {
            let tokens = batch.range(sequence)
            var mean = [Float](repeating: 0, count: hidden.columns)
            hidden.block(tokens, 0..<hidden.columns).addColumnSums(to: &mean)
            let count = Float(max(tokens.count, 1))
            norms[sequence] = max(mean.reduce(0) { $0 + $1 * $1 }.squareRoot() / count, 1e-12)
            for column in mean.indices {
                embeddings[sequence, column] = mean[column] / count / norms[sequence]
            }
        }
        return Saved(embeddings: embeddings, norms: norms)
    }

    /// dM = (dE − E·⟨dE, E⟩) / ‖M‖, shared out evenly among the sequence's tokens.
    static func backward(_ dEmbeddings: Matrix, saved: Saved, batch: TokenBatch) -> Matrix {
        let columns = dEmbeddings.columns
        var dHidden = Matrix(rows: batch.tokens, columns: columns)
        for sequence in 0..<batch.count {
            let tokens = batch.range(sequence)
            let (gradient, embedding) = (dEmbeddings.row(sequence), saved.embeddings.row(sequence))
            let along = zip(gradient, embedding).reduce(0) { $0 + $1.0 * $1.1 }
            let scale = 1 / (saved.norms[sequence] * Float(max(tokens.count, 1)))
            let share = zip(gradient, embedding).map { ($0 - $1 * along) * scale }
            for token in tokens {
                for column in 0..<columns { dHidden[token, column] = share[column] }
            }
        }
        return dHidden
    }
}
