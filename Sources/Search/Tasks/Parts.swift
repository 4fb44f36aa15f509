/// Cuts a list up.
enum Parts {
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
