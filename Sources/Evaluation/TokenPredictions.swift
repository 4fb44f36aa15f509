import CKernels
import Tensors
import Transformers

/// Next-token distributions of a language model over windows of a text, a few tokens at a time, so that
/// memory does not grow with the vocabulary times the text.
struct TokenPredictions {
    /// Tokens whose logits are held at once: those of a panel, which can be copied as it is.
    private static let chunkTokens = PanelMatrix.panelTokens

    let model: Decoder
    let pool: ThreadPool
    private let state: DecoderState
    private let chunk: PanelMatrix

    init(model: Decoder, longest: Int, pool: ThreadPool) {
        self.model = model
        self.pool = pool
        state = model.state(capacity: longest, passTokens: longest, threads: pool.threads)
        chunk = PanelMatrix(features: model.head.rows, tokens: Self.chunkTokens)
    }

    /// The hidden states that the output layer turns into logits [hidden × tokens].
    func hiddenStates(of window: [Int32]) -> PanelMatrix {
        state.position = 0
        model.forward(window, state, pool: pool)
        return state.output
    }

    /// Calls `body` with the logits of chunk after chunk of hidden states.
    ///
    /// - Parameter body: takes the first token's number and its logits [vocabulary × tokens of the chunk].
    func forEachChunk(of hidden: PanelMatrix, _ body: (_ first: Int, _ logits: PanelMatrix) -> Void) {
        for first in stride(from: 0, to: hidden.tokens, by: Self.chunkTokens) {
            body(first, logits(of: hidden, from: first))
        }
    }

    /// The logits of the chunk of hidden states that starts at a token.
    func logits(of hidden: PanelMatrix, from first: Int) -> PanelMatrix {
        let count = min(Self.chunkTokens, hidden.tokens - first)
        let part = PanelMatrix(features: hidden.features, tokens: count)
        part.address.update(
            from: hidden.address + first * hidden.features,
            count: part.strips * hidden.features * PanelMatrix.stripTokens)
        precondition(chunk.reshape(tokens: count))
        let (head, chunk, pool) = (model.head, chunk, pool)
        pool.run { worker in
            head.apply(part, into: chunk, part: worker, of: pool.threads)
        }
        return chunk
    }
}

/// What is computed of logits [vocabulary × tokens].
enum LogitStatistics {
    /// log Σ exp of every token's logits.
    static func logSums(_ logits: PanelMatrix, pool: ThreadPool) -> [Float] {
        perStrip(logits, pool) { column, _, out in
            InstructionSet.best.languageKernels.pointee.log_sum_exp(
                logits.address + column.offset, column.stride, logits.features, out)
        }
    }

    /// KL(p ‖ q) of every token, both given by logits.
    static func divergences(_ p: PanelMatrix, _ q: PanelMatrix, pool: ThreadPool) -> [Float] {
        let pSums = AlignedBuffer(logSums(p, pool: pool))
        let qSums = AlignedBuffer(logSums(q, pool: pool))
        return perStrip(p, pool) { column, token, out in
            InstructionSet.best.languageKernels.pointee.divergence(
                p.address + column.offset, q.address + column.offset, pSums.address + token,
                qSums.address + token, column.stride, p.features, out)
        }
    }

    /// The likeliest token after each.
    static func likeliest(_ logits: PanelMatrix, pool: ThreadPool) -> [Int32] {
        let found = perStrip(logits, pool) { column, _, out in
            let (first, stride) = (logits.address + column.offset, column.stride)
            for lane in 0..<PanelMatrix.stripTokens {
                var best = 0
                for row in 1..<max(logits.features, 1)
                where first[row * stride + lane] > first[best * stride + lane] {
                    best = row
                }
                // Exact: a vocabulary has fewer than 2^24 tokens.
                out[lane] = Float(best)
            }
        }
        return found.map { Int32($0) }
    }

    /// One number for each token, strips shared out among the threads; lanes past the last token included.
    private static func perStrip(
        _ logits: PanelMatrix, _ pool: ThreadPool,
        _ body:
            @Sendable (
                _ column: (offset: Int, stride: Int), _ token: Int, _ out: UnsafeMutablePointer<Float>
            ) -> Void
    ) -> [Float] {
        let result = AlignedScratch(count: logits.strips * PanelMatrix.stripTokens)
        pool.run { worker in
            for strip in pool.share(of: logits.strips, worker: worker) {
                let token = strip * PanelMatrix.stripTokens
                body(logits.column(of: token), token, result.address + token)
            }
        }
        return Array(UnsafeBufferPointer(start: result.address, count: result.count))
    }
}
