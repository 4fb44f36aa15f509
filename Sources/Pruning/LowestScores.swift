/// Chooses the lowest of many scores in linear time: the bits of a float, turned so that they order as the
/// numbers do, are counted by their upper and then by their lower half.
enum LowestScores {
    /// Marks the `count` lowest scores, the first of equal ones.
    static func mark(_ count: Int, of scores: [Float]) -> [Bool] {
        precondition(count <= scores.count)
        guard count > 0 else { return [Bool](repeating: false, count: scores.count) }
        guard count < scores.count else { return [Bool](repeating: true, count: scores.count) }
        var left = count
        let upper = bucket(&left, of: scores) { UInt16($0 >> 16) }
        let lower = bucket(&left, of: scores) { $0 >> 16 == UInt32(upper) ? UInt16($0 & 0xFFFF) : nil }
        // `left` scores of the threshold itself are still to be marked.
        let threshold = UInt32(upper) << 16 | UInt32(lower)
        return scores.map { score in
            let key = key(score)
            if key < threshold { return true }
            guard key == threshold, left > 0 else { return false }
            left -= 1
            return true
        }
    }

    /// The bucket that holds the score of rank `count`; what is in lower ones is taken off `count`.
    private static func bucket(_ count: inout Int, of scores: [Float], _ half: (UInt32) -> UInt16?) -> UInt16
    {
        var histogram = [Int](repeating: 0, count: 1 << 16)
        for score in scores {
            if let half = half(key(score)) { histogram[Int(half)] += 1 }
        }
        for (bucket, size) in histogram.enumerated() {
            if size >= count { return UInt16(bucket) }
            count -= size
        }
        return .max
    }

    private static func key(_ score: Float) -> UInt32 {
        // −0 and 0 are equal as numbers.
        let bits = (score == 0 ? 0 : score).bitPattern
        return bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
    }
}
