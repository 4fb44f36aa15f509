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
        var (all, late) = (0.0, 0.0)
        var lateCount = 0
        for (number, window) in windows.enumerated() {
            progress(Double(number) / Double(windows.count))
            predictions.forEachChunk(of: predictions.hiddenStates(of: window)) { first, logits in
                let sums = LogitStatistics.logSums(logits, pool: pool)
                for token in 0..<logits.tokens where first + token + 1 < window.count {
                    let loss = Double(sums[token] - logits[Int(window[first + token + 1]), token])
                    all += loss
                    guard first + token >= window.count / 2 else { continue }
                    late += loss
                    lateCount += 1
                }
            }
        }
        return Result(
            value: exp(all / Double(count)), secondHalf: exp(late / Double(max(lateCount, 1))), count: count)
    }
}
