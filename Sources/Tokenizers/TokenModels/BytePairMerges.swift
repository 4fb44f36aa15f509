/// A part of a word: a token and how many bytes of the word it stands for.
struct Symbol: Sendable, Equatable {
    var id: Int32
    var length: Int32
}

/// Byte-pair merging (Sennrich, Haddow and Birch, 2016): the pair of neighbours of the lowest rank is merged first, the
/// leftmost where there are several.
struct BytePairMerges: Sendable {
    struct Merge: Sendable {
        let rank: Int32
        let id: Int32
    }

    private static let free = UInt64.max

    /// An open-addressing table of pairs of ids.
    private var keys: [UInt64]
    private var merges: [Merge]
    private var count = 0

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        keys = Array(repeating: Self.free, count: size)
        merges = Array(repeating: Merge(rank: 0, id: 0), count: size)
    }

    /// Adds a merge. The last rank of a pair is its rank.
    mutating func add(_ left: Int32, _ right: Int32, giving id: Int32, rank: Int32) {
        if count * 2 >= keys.count { grow() }
        let key = Self.key(left, right)
        let slot = slot(of: key)
        if keys[slot] == Self.free { count += 1 }
        (keys[slot], merges[slot]) = (key, Merge(rank: rank, id: id))
    }

    /// What two neighbours become; nil where they stay apart.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> Merge? {
        let key = Self.key(left, right)
        let slot = slot(of: key)
        return keys[slot] == key ? merges[slot] : nil
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while keys[slot] != Self.free, keys[slot] != key { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldMerges) = (keys, merges)
        keys = Array(repeating: Self.free, count: oldKeys.count * 2)
        merges = Array(repeating: Merge(rank: 0, id: 0), count: oldKeys.count * 2)
        for (key, merge) in zip(oldKeys, oldMerges) where key != Self.free {
            let slot = slot(of: key)
            (keys[slot], merges[slot]) = (key, merge)
        }
    }

    /// Merges the symbols of a word in place.
    ///
    /// Takes time n·log n in the length of the word.
    func merge(_ work: inout MergeWork) {
        if work.symbols.count < 2 { return }
        if work.symbols.count <= MergeWork.longestScan {
            scan(&work)
        } else {
            mergeByQueue(&work)
        }
    }

    /// For short words: looks for the lowest rank among all pairs, again and again.
    private func scan(_ work: inout MergeWork) {
        let none = Merge(rank: .max, id: 0)
        func merge(after index: Int) -> Merge {
            index + 1 < work.symbols.count
                ? self.merge(work.symbols[index].id, work.symbols[index + 1].id) ?? none : none
        }
        work.pairs.removeAll(keepingCapacity: true)
        for index in work.symbols.indices { work.pairs.append(merge(after: index)) }
        while true {
            var best = 0
            var rank = Int32.max
            for index in work.pairs.indices where work.pairs[index].rank < rank {
                (best, rank) = (index, work.pairs[index].rank)
            }
            if rank == .max { return }
            work.symbols[best].id = work.pairs[best].id
            work.symbols[best].length += work.symbols[best + 1].length
            work.symbols.remove(at: best + 1)
            work.pairs.remove(at: best + 1)
            work.pairs[best] = merge(after: best)
            if best > 0 { work.pairs[best - 1] = merge(after: best - 1) }
        }
    }

    /// For long words: keeps the pairs in a queue. A symbol that has been merged away has no length.
    private func mergeByQueue(_ work: inout MergeWork) {
        work.link()
        for left in work.symbols.indices.dropLast() { consider(left, &work) }
        while let best = work.popFirst() {
            let left = Int(best.left)
            let right = Int(work.next[left])
            guard work.symbols[left].length > 0, right >= 0,
                merge(work.symbols[left].id, work.symbols[right].id)?.id == best.id
            else { continue }
            work.join(left, right, as: best.id)
            consider(Int(work.previous[left]), &work)
            consider(left, &work)
        }
        work.symbols.removeAll { $0.length == 0 }
    }

    private func consider(_ left: Int, _ work: inout MergeWork) {
        guard left >= 0, work.next[left] >= 0,
            let merge = merge(work.symbols[left].id, work.symbols[Int(work.next[left])].id)
        else { return }
        work.push(.init(rank: merge.rank, left: Int32(left), id: merge.id))
    }
}
