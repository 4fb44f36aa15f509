/// A hash table from UTF-8 strings to token ids that is asked for the longest one a text starts with.
///
/// Open addressing over one array; a look-up costs one step per byte, up to the longest string's length.
struct TokenTable: Sendable {
    private struct Slot {
        var hash: UInt64
        var id: Int32
        var start: Int32
        var length: Int32
    }

    private static let emptyID: Int32 = -1
    private var slots: [Slot]
    private var bytes: [UInt8] = []
    private var longest = 0

    init(_ entries: [(text: ArraySlice<UInt8>, id: Int32)]) {
        var capacity = 16
        while capacity < entries.count * 2 { capacity *= 2 }
        slots = Array(repeating: Slot(hash: 0, id: Self.emptyID, start: 0, length: 0), count: capacity)
        for entry in entries { insert(entry.text, id: entry.id) }
    }

    /// The longest string of the table that `text[range]` starts with, and where it ends; never an empty one.
    func longestPrefix(of text: [UInt8], in range: Range<Int>) -> (id: Int32, end: Int)? {
        var hash = Self.emptyHash
        var found: (id: Int32, end: Int)?
        for end in range.prefix(longest) {
            hash = Self.extend(hash, text[end])
            if let id = id(of: text[range.lowerBound...end], hash: hash) { found = (id, end + 1) }
        }
        return found
    }

    private mutating func insert(_ text: ArraySlice<UInt8>, id: Int32) {
        let hash = text.reduce(Self.emptyHash, Self.extend)
        var index = firstIndex(hash)
        while slots[index].id != Self.emptyID { index = (index + 1) & (slots.count - 1) }
        slots[index] = Slot(hash: hash, id: id, start: Int32(bytes.count), length: Int32(text.count))
        bytes += text
        longest = max(longest, text.count)
    }

    private func id(of text: ArraySlice<UInt8>, hash: UInt64) -> Int32? {
        var index = firstIndex(hash)
        while slots[index].id != Self.emptyID {
            let slot = slots[index]
            if slot.hash == hash, bytes[Int(slot.start)..<Int(slot.start + slot.length)] == text {
                return slot.id
            }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    private func firstIndex(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash ^ hash >> 32) & (slots.count - 1)
    }

    // FNV-1a, because it grows byte by byte with the prefix (http://www.isthe.com/chongo/tech/comp/fnv/).
    private static let emptyHash: UInt64 = 0xCBF2_9CE4_8422_2325

    private static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
}
