import Dispatch
import Foundation
import Tensors
import Transformers

/// How the next token is chosen.
public struct Sampler: Sendable {
    private let temperature: Double
    private let topP: Double
    private var random: CounterBasedRandom

    /// Sets the ways of choosing.
    ///
    /// - Parameters:
    ///   - temperature: logits are divided by it; 0 takes the likeliest token.
    ///   - topP: only the likeliest tokens that together have this probability are chosen among (Holtzman et
    ///     al., "nucleus sampling", 2020).
    public init(temperature: Double = 0, topP: Double = 1, seed: UInt64 = 1) {
        self.temperature = temperature
        self.topP = topP
        random = CounterBasedRandom(seed: seed)
    }

    /// Chooses a token by the logits of the vocabulary.
    public mutating func choose(_ logits: [Float]) -> Int32 {
        var best = 0
        for id in logits.indices where logits[id] > logits[best] { best = id }
        guard temperature > 0 else { return Int32(best) }
        let top = Double(logits[best])
        let weights = logits.map { exp((Double($0) - top) / temperature) }
        let total = weights.reduce(0, +)
        var candidates = Array(weights.indices)
        var mass = total
        if topP < 1 {
            // Those that are left out have less than 1 − topP together, so that none of them is needed.
            let least = (1 - topP) * total / Double(weights.count)
            candidates.removeAll { weights[$0] < least }
            candidates.sort { weights[$0] > weights[$1] }
            mass = 0
            var count = 0
            while count < candidates.count, mass < topP * total {
                mass += weights[candidates[count]]
                count += 1
            }
            candidates.removeSubrange(count...)
        }
        var rest = random.nextUniform() * mass
        for id in candidates {
            rest -= weights[id]
            if rest < 0 { return Int32(id) }
        }
        return Int32(candidates.last ?? best)
    }
}

/// A text being continued, token by token.
public struct TextGeneration {
    private let model: Decoder
    private let prompt: [Int32]
    private let endIDs: Set<Int32>
    private let maximumTokens: Int
    private let pool: ThreadPool
    private let state: DecoderState
    private var sampler: Sampler
    private var last: Int32?
    private var count = 0
    private var prefillSeconds = 0.0
    private var decodeSeconds = 0.0

    /// Prepares to continue a prompt, one token at least.
    ///
    /// - Parameters:
    ///   - endIDs: tokens after which the text is complete; they are not given out.
    ///   - maximumTokens: the most tokens to make.
    public init(
        model: Decoder, prompt: [Int32], sampler: Sampler, endIDs: Set<Int32>, maximumTokens: Int,
        pool: ThreadPool
    ) {
        precondition(!prompt.isEmpty)
        self.model = model
        self.prompt = prompt
        self.sampler = sampler
        self.endIDs = endIDs
        self.maximumTokens = maximumTokens
        self.pool = pool
        state = model.state(capacity: prompt.count + maximumTokens, threads: pool.threads)
    }

    /// The next token; nil when the text is complete or long enough.
    public mutating func next() -> Int32? {
        guard count < maximumTokens else { return nil }
        let start = DispatchTime.now().uptimeNanoseconds
        model.forward(last.map { [$0] } ?? prompt, state, pool: pool)
        let logits = model.nextTokenLogits(state, pool: pool)
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        if last == nil { prefillSeconds = seconds } else { decodeSeconds += seconds }
        let id = sampler.choose(logits)
        guard !endIDs.contains(id) else { return nil }
        last = id
        count += 1
        return id
    }

    /// Tokens of the prompt per second.
    public var prefillTokensPerSecond: Double {
        prefillSeconds > 0 ? Double(prompt.count) / prefillSeconds : 0
    }

    /// Tokens made per second, the first left out, which comes with the prompt.
    public var decodeTokensPerSecond: Double {
        decodeSeconds > 0 ? Double(max(count - 1, 0)) / decodeSeconds : 0
    }
}
