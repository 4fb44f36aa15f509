import Runs
import Tensors

/// Cuts a list up.
enum Parts {
    /// Parts of a training file's items, shuffled by the seed: what to calibrate on, what to compute rewards on, and
    /// what to pick the final policy by.
    static func drawn<Element>(
        _ items: some Sequence<Element>, _ sizes: [Int], seed: UInt64
    ) -> [[Element]] {
        var random = CounterBasedRandom(seed: seed, stream: .dataParts)
        return cut(items.shuffled(using: &random), sizes)
    }

    /// As many as the options say, fewer where their texts are long.
    ///
    /// - Parameters:
    ///   - texts: how many texts an item is.
    ///   - tokens: how many tokens an item has.
    static func drawn<Element>(
        _ items: some Sequence<Element>, _ options: SearchOptions, texts: Int = 1, tokens: (Element) -> Int
    ) -> [[Element]] {
        let sizes = [options.calibrationSentences, options.rewardSentences, 2 * options.rewardSentences]
            .map { $0 / texts }
        return zip(sizes, drawn(items, sizes, seed: options.seed)).map { size, part in
            guard let tokensOfText = options.tokensOfText else { return part }
            var left = size * texts * tokensOfText
            return part.enumerated().prefix { number, item in
                left -= tokens(item)
                return left >= 0 || number < least
            }.map(\.element)
        }
    }

    /// What a pruned model is trained on: all items but those of the last check, which decides whether the trained
    /// model is kept; all, where a validation file decides.
    static func trained<Element: Hashable>(
        _ items: [Element], check: @autoclosure () throws -> [Element], _ options: SearchOptions
    ) rethrows -> [Element] {
        guard options.validation == nil else { return items }
        let judged = Set(try check())
        return items.filter { !judged.contains($0) }
    }

    /// What a part has however long its items are: rank correlations of fewer say next to nothing.
    private static let least = 8

    /// Consecutive parts of the sizes asked for; in proportion where there is not enough, at least
    /// `least` each.
    static func cut<Element>(_ items: [Element], _ sizes: [Int], least: Int = 2) -> [[Element]] {
        let total = sizes.reduce(0, +)
        let scale = min(1, Double(items.count) / Double(max(total, 1)))
        var start = 0
        return sizes.map { size in
            let count = min(max(Int(Double(size) * scale), least), items.count)
            let first = min(start, items.count - count)
            start += count
            return Array(items[first..<first + count])
        }
    }
}
