/// A split of units of work, each of a known cost, into consecutive parts of about equal cost.
struct CostSplit: Sendable {
    private let prefix: [Int]

    init(costs: [Int]) {
        var total = 0
        prefix =
            [0]
            + costs.map { cost in
                total += cost
                return total
            }
    }

    /// The units of one of `parts` parts; the parts cover all units, in order.
    func range(ofPart part: Int, of parts: Int) -> Range<Int> {
        boundary(part, of: parts)..<boundary(part + 1, of: parts)
    }

    /// Where the cost before it is nearest to its share.
    private func boundary(_ part: Int, of parts: Int) -> Int {
        if part == 0 { return 0 }
        if part == parts { return prefix.count - 1 }
        let target = (prefix.last ?? 0) * part / parts
        var low = 0
        var high = prefix.count - 1
        while low < high {
            let middle = (low + high) / 2
            if prefix[middle] < target { low = middle + 1 } else { high = middle }
        }
        if low > 0, target - prefix[low - 1] < prefix[low] - target { return low - 1 }
        return low
    }
}
