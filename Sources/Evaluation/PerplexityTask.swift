import Foundation
import Tensors
import Transformers

/// Perplexity over windows of a text: exp of the mean of −log p(token | those before it in the window).
///
/// Two conventions are in use: over every position but the first of a window, and over the second halves,
/// where every token has half a window of context at least, as llama.cpp's tool does.
public struct PerplexityTask: ModelTask {
    /// What a model gets.
    public struct Result: Sendable, Equatable {
        /// Over all positions.
        public let value: Double
        /// Over the second halves of the windows.
        public let secondHalf: Double
        /// Tokens predicted, for ``value``.
        public let count: Int
    }

    /// `perplexity`; lower is better.
    public let metric = "perplexity"
    private let windows: [[Int32]]

    /// Takes windows of token ids, two tokens each at least.
    public init(windows: [[Int32]]) {
        precondition(!windows.isEmpty && windows.allSatisfy { $0.count >= 2 })
        self.windows = windows
    }

    /// Tokens of all windows.
    public var tokens: Int { windows.reduce(0) { $0 + $1.count } }
    /// Number of tokens predicted.
    public var count: Int { windows.reduce(0) { $0 + $1.count - 1 } }

    /// Perplexity over all positions.
    public func score(_ model: Decoder, pool: ThreadPool) -> Double {
        evaluate(model, pool: pool).value
    }

    /// Both conventions.
    ///
    /// - Parameter progress: is told the fraction done.
    public func evaluate(_ model: Decoder, pool: ThreadPool, progress: (Double) -> Void = { _ in }) -> Result
    {
        let predictions = TokenPredictions(model: model, longest: windows.map(\.count).max() ?? 0, pool: pool)
        var losses = Losses()
        for (number, window) in windows.enumerated() {
            progress(Double(number) / Double(windows.count))
            predictions.forEachChunk(of: predictions.hiddenStates(of: window)) { first, logits in
                let sums = LogitStatistics.logSums(logits, pool: pool)
                for token in 0..<logits.tokens where first + token + 1 < window.count {
                    let loss = Double(sums[token] - logits[Int(window[first + token + 1]), token])
                    losses.add(loss, after: first + token, of: window)
                }
            }
        }
        return losses.result
    }

    /// Both conventions, the windows read token by token as in decoding, so that a model with 8-bit weights
    /// is judged by what it computes there.
    ///
    /// - Parameter progress: is told the fraction done.
    public func evaluateDecoding(
        _ model: Decoder, pool: ThreadPool, progress: (Double) -> Void = { _ in }
    ) -> Result {
        let longest = windows.map(\.count).max() ?? 0
        let state = model.state(capacity: longest, passTokens: 1, threads: pool.threads)
        var losses = Losses()
        for (number, window) in windows.enumerated() {
            progress(Double(number) / Double(windows.count))
            state.position = 0
            for token in 0..<window.count - 1 {
                model.forward([window[token]], state, pool: pool)
                let logits = model.nextTokenLogits(state, pool: pool)
                let top = logits.max() ?? 0
                let sum = logits.reduce(0) { $0 + exp(Double($1 - top)) }
                losses.add(log(sum) - Double(logits[Int(window[token + 1])] - top), after: token, of: window)
            }
        }
        return losses.result
    }

    /// The losses of tokens so far.
    private struct Losses {
        private var (all, late) = (0.0, 0.0)
        private var (count, lateCount) = (0, 0)

        /// Adds that of the token after a position of a window.
        mutating func add(_ loss: Double, after position: Int, of window: [Int32]) {
            all += loss
            count += 1
            guard position >= window.count / 2 else { return }
            late += loss
            lateCount += 1
        }

        var result: Result {
            Result(
                value: exp(all / Double(count)), secondHalf: exp(late / Double(max(lateCount, 1))),
                count: count)
        }
    }
}
