import Tensors
import Transformers

/// One vector of length 1 for each sequence, E [sequences × features]: the pooled vector P divided by its
/// norm.
///
/// Cosines of embeddings are what is trained, and they do not depend on whether a model normalizes.
struct SentenceOperation {
    /// How tokens are pooled.
    let pooling: SentencePooling

    struct Saved {
        /// E.
        let embeddings: Matrix
        /// ‖P‖ of each sequence.
        let norms: [Float]
        /// The token that each feature was taken from, where the highest is: [sequence][feature].
        let highest: [[Int]]
    }

    func forward(_ hidden: Matrix, batch: TokenBatch) -> Saved {
        var embeddings = Matrix(rows: batch.count, columns: pooling.width(hidden: hidden.columns))
        var norms = [Float](repeating: 0, count: batch.count)
        var highest: [[Int]] = []
        for sequence in 0..<batch.count {
            let tokens = batch.range(sequence)
            highest.append(pooling.modes.contains(.highest) ? self.highest(hidden, tokens) : [])
            let pooled = pooling.modes.flatMap { pool(hidden, tokens, by: $0, highest[sequence]) }
            norms[sequence] = max(pooled.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
            for (column, value) in pooled.enumerated() {
                embeddings[sequence, column] = value / norms[sequence]
            }
        }
        return Saved(embeddings: embeddings, norms: norms, highest: highest)
    }

    private func pool(
        _ hidden: Matrix, _ tokens: Range<Int>, by mode: SentencePooling.Mode, _ highest: [Int]
    ) -> [Float] {
        guard let sum = pooling.weightedSum(mode, count: tokens.count) else {
            return highest.enumerated().map { hidden[$1, $0] }
        }
        var pooled = [Float](repeating: 0, count: hidden.columns)
        for token in sum.tokens {
            let weight = sum.weight(of: token)
            for (column, value) in hidden.row(tokens.lowerBound + token).enumerated() {
                pooled[column] += weight * value
            }
        }
        return pooled.map { $0 / sum.divisor }
    }

    /// The pooled token of each feature's highest value, the first of equal ones.
    private func highest(_ hidden: Matrix, _ tokens: Range<Int>) -> [Int] {
        let pooled = pooling.pooledTokens(of: tokens.count).map { tokens.lowerBound + $0 }
        guard let first = pooled.first else { return [] }
        return (0..<hidden.columns).map { column in
            pooled.dropFirst().reduce(first) { hidden[$1, column] > hidden[$0, column] ? $1 : $0 }
        }
    }

    /// dP = (dE − E·⟨dE, E⟩) / ‖P‖, which goes to the tokens by their weights in P.
    func backward(_ dEmbeddings: Matrix, saved: Saved, batch: TokenBatch) -> Matrix {
        let columns = dEmbeddings.columns / pooling.modes.count
        var dHidden = Matrix(rows: batch.tokens, columns: columns)
        for sequence in 0..<batch.count {
            let tokens = batch.range(sequence)
            let (gradient, embedding) = (dEmbeddings.row(sequence), saved.embeddings.row(sequence))
            let along = zip(gradient, embedding).reduce(0) { $0 + $1.0 * $1.1 }
            let dPooled = zip(gradient, embedding).map { ($0 - $1 * along) / saved.norms[sequence] }
            for (index, mode) in pooling.modes.enumerated() {
                let part = dPooled[index * columns..<(index + 1) * columns]
                guard let sum = pooling.weightedSum(mode, count: tokens.count) else {
                    for (token, value) in zip(saved.highest[sequence].enumerated(), part) {
                        dHidden[token.element, token.offset] += value
                    }
                    continue
                }
                for token in sum.tokens {
                    let share = sum.weight(of: token) / sum.divisor
                    for (column, value) in part.enumerated() {
                        dHidden[tokens.lowerBound + token, column] += share * value
                    }
                }
            }
        }
        return dHidden
    }
}
