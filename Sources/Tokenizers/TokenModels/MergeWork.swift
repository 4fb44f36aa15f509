/// The symbols of a word while they are merged, in memory that serves one word after another.
struct MergeWork {
    /// A pair of neighbours that may be merged; out of date once either has changed.
    struct Candidate {
        let rank: Int32
        let left: Int32
        let id: Int32

        func isBefore(_ other: Candidate) -> Bool {
            (rank, left) < (other.rank, other.left)
        }
    }

    /// Up to so many symbols, looking at all pairs takes less time than keeping them in order.
    static let longestScan = 24

    var symbols: [Symbol] = []
    var pairs: [BytePairMerges.Merge] = []
    /// The neighbours that are left of each symbol; -1 for none.
    private(set) var next: [Int32] = []
    private(set) var previous: [Int32] = []
    private var queue: [Candidate] = []

    /// Makes each symbol know its neighbours.
    mutating func link() {
        let count = Int32(symbols.count)
        next = Array(1..<count) + [-1]
        previous = Array(-1..<count - 1)
        queue.removeAll(keepingCapacity: true)
    }

    /// Makes one symbol of two neighbours.
    mutating func join(_ left: Int, _ right: Int, as id: Int32) {
        symbols[left] = Symbol(id: id, length: symbols[left].length + symbols[right].length)
        symbols[right].length = 0
        next[left] = next[right]
        if next[right] >= 0 { previous[Int(next[right])] = Int32(left) }
    }

    // MARK: A binary heap, the lowest rank first

    mutating func push(_ candidate: Candidate) {
        queue.append(candidate)
        var index = queue.count - 1
        while index > 0, queue[index].isBefore(queue[(index - 1) / 2]) {
            queue.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> Candidate? {
        guard let first = queue.first, let last = queue.popLast() else { return nil }
        guard !queue.isEmpty else { return first }
        queue[0] = last
        var index = 0
        while true {
            var least = index
            for child in 2 * index + 1..<min(2 * index + 3, max(queue.count, 2 * index + 1))
            where queue[child].isBefore(queue[least]) {
                least = child
            }
            if least == index { return first }
            queue.swapAt(index, least)
            index = least
        }
    }
}
