/// Byte-pair merging (Sennrich, Haddow and Birch, 2016): the pair of neighbours that was learned first is
/// merged first, the leftmost where there are several.
struct BytePairMerges: Sendable {
    private struct Merge {
        let rank: Int32
        let id: Int32
    }

    /// A pair of neighbours that may be merged; out of date once either has changed.
    private struct Candidate {
        let rank: Int32
        let id: Int32
        let left: Int
        let leftID: Int32
        let rightID: Int32

        func isBefore(_ other: Candidate) -> Bool {
            (rank, left) < (other.rank, other.left)
        }
    }

    private var merges: [UInt64: Merge] = [:]

    init(capacity: Int) {
        merges.reserveCapacity(capacity)
    }

    /// Adds a merge, less urgent than all before.
    mutating func add(_ left: Int32, _ right: Int32, giving id: Int32) {
        let key = Self.key(left, right)
        if merges[key] == nil { merges[key] = Merge(rank: Int32(merges.count), id: id) }
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The ids that those of single bytes are merged into.
    ///
    /// Takes time n·log n in the length of the word.
    func merged(_ bytes: [Int32]) -> [Int32] {
        guard bytes.count > 1 else { return bytes }
        var ids = bytes
        // A list of the ids that are left; -1 ends it, and a merged-away id is followed by -2.
        var next = Array(1..<ids.count) + [-1]
        var previous = Array(-1..<ids.count - 1)
        var queue: [Candidate] = []
        func consider(_ left: Int) {
            guard left >= 0, next[left] >= 0, let merge = merges[Self.key(ids[left], ids[next[left]])] else {
                return
            }
            Self.push(
                Candidate(
                    rank: merge.rank, id: merge.id, left: left, leftID: ids[left], rightID: ids[next[left]]),
                to: &queue)
        }
        for left in ids.indices.dropLast() { consider(left) }
        while let best = Self.popFirst(&queue) {
            let right = next[best.left]
            guard right >= 0, ids[best.left] == best.leftID, ids[right] == best.rightID else { continue }
            ids[best.left] = best.id
            next[best.left] = next[right]
            if next[right] >= 0 { previous[next[right]] = best.left }
            next[right] = -2
            consider(previous[best.left])
            consider(best.left)
        }
        return ids.indices.filter { next[$0] != -2 }.map { ids[$0] }
    }

    // MARK: A binary heap, the most urgent candidate first

    private static func push(_ candidate: Candidate, to heap: inout [Candidate]) {
        heap.append(candidate)
        var index = heap.count - 1
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private static func popFirst(_ heap: inout [Candidate]) -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            if least == index { return first }
            heap.swapAt(index, least)
            index = least
        }
    }
}
