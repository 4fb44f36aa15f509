import Levels

/// Texts and their ids, to be looked up byte by byte: the whole of one, or all that a text starts with.
///
/// One open-addressing table holds the edges: 24 bits of a node and the byte that leads on are a key.
struct ByteTrie: Sendable {
    /// Where a look-up starts.
    static let root: UInt32 = 0

    private static let mostNodes = 1 << 24
    private static let missing: Int32 = -1

    private var keys: [UInt32]
    /// The node that an edge leads to; 0, the root, for a free slot.
    private var targets: [UInt32]
    private var ids: [Int32] = [missing]
    private var mask: Int

    init() {
        (keys, targets, mask) = ([0, 0], [0, 0], 1)
    }

    /// Adds a text; of equal ones the last has its id.
    ///
    /// - Throws: `Issue` for more texts than there is room for.
    mutating func insert(_ text: some Sequence<UInt8>, id: Int32, file: String) throws {
        var node = Self.root
        for byte in text {
            if let next = child(of: node, byte) {
                node = next
                continue
            }
            guard ids.count < Self.mostNodes else {
                throw Issue(
                    .outOfRange, .path(file), field: "the vocabulary",
                    found: "\(Self.mostNodes) bytes or more",
                    allowed: "fewer that differ")
            }
            if ids.count * 2 > keys.count { grow() }
            let next = UInt32(ids.count)
            ids.append(Self.missing)
            add(node << 8 | UInt32(byte), next)
            node = next
        }
        ids[Int(node)] = id
    }

    /// The node that a byte leads to; nil for none.
    @inline(__always)
    func child(of node: UInt32, _ byte: UInt8) -> UInt32? {
        let key = node << 8 | UInt32(byte)
        var slot = Self.hash(key) & mask
        while true {
            let target = targets[slot]
            if target == 0 { return nil }
            if keys[slot] == key { return target }
            slot = (slot + 1) & mask
        }
    }

    /// The id of the text that ends at a node; nil where none does.
    @inline(__always)
    func id(at node: UInt32) -> Int32? {
        let id = ids[Int(node)]
        return id == Self.missing ? nil : id
    }

    /// The id of a whole text.
    func id(of text: some Sequence<UInt8>) -> Int32? {
        var node = Self.root
        for byte in text {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return id(at: node)
    }

    /// The longest text that `text[range]` starts with, and where it ends; never an empty one.
    func longestPrefix(of text: [UInt8], in range: Range<Int>) -> (id: Int32, end: Int)? {
        var node = Self.root
        var found: (id: Int32, end: Int)?
        for index in range {
            guard let next = child(of: node, text[index]) else { break }
            node = next
            if let id = id(at: node) { found = (id, index + 1) }
        }
        return found
    }

    private mutating func add(_ key: UInt32, _ target: UInt32) {
        var slot = Self.hash(key) & mask
        while targets[slot] != 0 { slot = (slot + 1) & mask }
        (keys[slot], targets[slot]) = (key, target)
    }

    private mutating func grow() {
        let (oldKeys, oldTargets) = (keys, targets)
        keys = Array(repeating: 0, count: oldKeys.count * 4)
        targets = Array(repeating: 0, count: oldKeys.count * 4)
        mask = keys.count - 1
        for (key, target) in zip(oldKeys, oldTargets) where target != 0 { add(key, target) }
    }

    private static func hash(_ key: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(key) &* 0x9E37_79B9_7F4A_7C15) >> 32)
    }
}
