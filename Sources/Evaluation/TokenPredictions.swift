import CKernels
import Tensors
import Transformers

/// Next-token distributions of a language model over windows of a text, a few tokens at a time, so that
/// memory does not grow with the vocabulary times the text.
struct TokenPredictions {
    /// Tokens whose logits are held at once.
    private static let chunkTokens = 64

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
        let width = PanelMatrix.width
        let count = min(Self.chunkTokens, hidden.tokens - first)
        let part = PanelMatrix(features: hidden.features, tokens: count)
        part.address.update(
            from: hidden.address + first / width * hidden.features * width,
            count: part.panels * hidden.features * width)
        precondition(chunk.reshape(tokens: count))
        let (head, chunk, pool) = (model.head, chunk, pool)
        pool.run { worker in
            head.apply(part, into: chunk, panels: 0..<part.panels, part: worker, of: pool.threads)
        }
        return chunk
    }
}

/// What is computed of logits [vocabulary × tokens].
enum LogitStatistics {
    /// log Σ exp of every token's logits.
    static func logSums(_ logits: PanelMatrix, pool: ThreadPool) -> [Float] {
        perPanel(logits, pool) { panel, out in
            InstructionSet.best.languageKernels.pointee.log_sum_exp(
                logits.address + panel * logits.features * PanelMatrix.width, logits.features, out)
        }
    }

    /// KL(p ‖ q) of every token, both given by logits.
    static func divergences(_ p: PanelMatrix, _ q: PanelMatrix, pool: ThreadPool) -> [Float] {
        let pSums = AlignedBuffer(logSums(p, pool: pool))
        let qSums = AlignedBuffer(logSums(q, pool: pool))
        let width = PanelMatrix.width
        return perPanel(p, pool) { panel, out in
            let offset = panel * p.features * width
            InstructionSet.best.languageKernels.pointee.divergence(
                p.address + offset, q.address + offset, pSums.address + panel * width,
                qSums.address + panel * width, p.features, out)
        }
    }

    /// The likeliest token after each.
    static func likeliest(_ logits: PanelMatrix, pool: ThreadPool) -> [Int32] {
        let found = perPanel(logits, pool) { panel, out in
            let first = logits.address + panel * logits.features * PanelMatrix.width
            for lane in 0..<PanelMatrix.width {
                var best = 0
                for row in 1..<max(logits.features, 1)
                where first[row * PanelMatrix.width + lane] > first[best * PanelMatrix.width + lane] {
                    best = row
                }
                // Exact: a vocabulary has fewer than 2^24 tokens.
                out[lane] = Float(best)
            }
        }
        return found.map { Int32($0) }
    }

    /// One number for each token, panels shared out among the threads; lanes past the last token included.
    private static func perPanel(
        _ logits: PanelMatrix, _ pool: ThreadPool,
        _ body: @Sendable (_ panel: Int, _ out: UnsafeMutablePointer<Float>) -> Void
    ) -> [Float] {
        let result = AlignedScratch(count: logits.panels * PanelMatrix.width)
        pool.run { worker in
            for panel in pool.share(of: logits.panels, worker: worker) {
                body(panel, result.address + panel * PanelMatrix.width)
            }
        }
        return Array(UnsafeBufferPointer(start: result.address, count: result.count))
    }
}
