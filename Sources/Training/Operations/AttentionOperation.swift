import Foundation
import Tensors
import Transformers

/// Multi-head self-attention within each sequence of a batch: context = softmax(Q·Kᵀ / √size)·V for each
/// head, with Q, K, V and context [tokens × hidden], a head being `size` consecutive columns (Vaswani et al.,
/// 2017).
struct AttentionOperation {
    let heads: Int

    /// One head of one sequence.
    private struct Item {
        let tokens: Range<Int>
        let columns: Range<Int>
    }

    /// The probabilities P [length × length] of every sequence and head.
    struct Saved {
        let probabilities: [Matrix]
    }

    func forward(_ q: Matrix, _ k: Matrix, _ v: Matrix, batch: TokenBatch, pool: ThreadPool)
        -> (context: Matrix, saved: Saved)
    {
        let items = items(batch, hidden: q.columns)
        let results = pool.map(count: items.count) { index in
            let item = items[index]
            let scale = 1 / Float(item.columns.count).squareRoot()
            var p = Matrix(rows: item.tokens.count, columns: item.tokens.count)
            BLAS.multiply(
                q.block(item.tokens, item.columns), k.block(item.tokens, item.columns), transposeB: true,
                alpha: scale, into: &p)
            Self.softmax(&p)
            var context = Matrix(rows: item.tokens.count, columns: item.columns.count)
            BLAS.multiply(p, v.block(item.tokens, item.columns), into: &context)
            return (p, context)
        }
        return (
            assembled(items, results.map(\.1), like: q), Saved(probabilities: results.map(\.0))
        )
    }

    /// dV = Pᵀ·dC, dP = dC·Vᵀ, dS = P ∘ (dP − rowsum(dP ∘ P)), dQ = dS·K / √size, dK = dSᵀ·Q / √size.
    func backward(
        _ dContext: Matrix, q: Matrix, k: Matrix, v: Matrix, saved: Saved, batch: TokenBatch, pool: ThreadPool
    ) -> (dq: Matrix, dk: Matrix, dv: Matrix) {
        let items = items(batch, hidden: q.columns)
        let results = pool.map(count: items.count) { index in
            let item = items[index]
            let p = saved.probabilities[index]
            let scale = 1 / Float(item.columns.count).squareRoot()
            let dc = dContext.block(item.tokens, item.columns)
            let empty = Matrix(rows: item.tokens.count, columns: item.columns.count)
            var (dq, dk, dv) = (empty, empty, empty)
            BLAS.multiply(p, transposeA: true, dc, into: &dv)
            var ds = Matrix(rows: p.rows, columns: p.columns)
            BLAS.multiply(dc, v.block(item.tokens, item.columns), transposeB: true, into: &ds)
            Self.softmaxBackward(&ds, p)
            BLAS.multiply(ds, k.block(item.tokens, item.columns), alpha: scale, into: &dq)
            BLAS.multiply(ds, transposeA: true, q.block(item.tokens, item.columns), alpha: scale, into: &dk)
            return (dq, dk, dv)
        }
        return (
            assembled(items, results.map(\.0), like: q), assembled(items, results.map(\.1), like: q),
            assembled(items, results.map(\.2), like: q)
        )
    }

    private func items(_ batch: TokenBatch, hidden: Int) -> [Item] {
        let size = hidden / heads
        return (0..<batch.count).flatMap { sequence in
            (0..<heads).map { Item(tokens: batch.range(sequence), columns: $0 * size..<($0 + 1) * size) }
        }
    }

    private func assembled(_ items: [Item], _ blocks: [Matrix], like shape: Matrix) -> Matrix {
        var result = Matrix(rows: shape.rows, columns: shape.columns)
        for (item, block) in zip(items, blocks) {
            result.replaceBlock(row: item.tokens.lowerBound, column: item.columns.lowerBound, with: block)
        }
        return result
    }

    private static func softmax(_ scores: inout Matrix) {
        let columns = scores.columns
        scores.elements.withUnsafeMutableBufferPointer { scores in
            for line in stride(from: 0, to: scores.count, by: max(columns, 1)) {
                var top = -Float.infinity
                for index in line..<line + columns { top = max(top, scores[index]) }
                var total: Float = 0
                for index in line..<line + columns {
                    scores[index] = exp(scores[index] - top)
                    total += scores[index]
                }
                for index in line..<line + columns { scores[index] /= total }
            }
        }
    }

    /// dP, replaced by dS.
    private static func softmaxBackward(_ gradient: inout Matrix, _ probabilities: Matrix) {
        let columns = gradient.columns
        gradient.elements.withUnsafeMutableBufferPointer { gradient in
            probabilities.elements.withUnsafeBufferPointer { p in
                for line in stride(from: 0, to: gradient.count, by: max(columns, 1)) {
                    var sum: Float = 0
                    for index in line..<line + columns { sum += gradient[index] * p[index] }
                    for index in line..<line + columns {
                        gradient[index] = p[index] * (gradient[index] - sum)
                    }
                }
            }
        }
    }
}
