/// The tokens of words that have been met, by the words' bytes: texts repeat their words.
struct WordCache {
    private struct Slot {
        var hash: UInt64 = 0
        var start = 0
        var length: Int32 = 0
        var count: Int32 = 0
        var first = 0
    }

    /// Longer words hardly come again.
    static let longestWord = 64
    private static let mostWords = 1 << 15

    private var slots = [Slot](repeating: Slot(), count: 64)
    private var bytes: [UInt8] = []
    private var tokens: [Symbol] = []
    private var count = 0

    /// The tokens of a word; nil for one that has not been met.
    func tokens(of text: [UInt8], in range: Range<Int>, hash: UInt64) -> ArraySlice<Symbol>? {
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[index].length > 0 {
            let slot = slots[index]
            if slot.hash == hash, Int(slot.length) == range.count, isEqual(slot.start, text, range) {
                return tokens[slot.first..<slot.first + Int(slot.count)]
            }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Keeps the tokens of a word that is not empty.
    mutating func insert(_ found: ArraySlice<Symbol>, for text: [UInt8], in range: Range<Int>, hash: UInt64) {
        guard count < Self.mostWords else { return }
        if count * 2 >= slots.count { grow() }
        add(
            Slot(
                hash: hash, start: bytes.count, length: Int32(range.count), count: Int32(found.count),
                first: tokens.count))
        bytes += text[range]
        tokens += found
        count += 1
    }

    /// What words are told apart by before their bytes are compared.
    static func hash(_ text: [UInt8], _ range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in range { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01B3 }
        return hash ^ hash >> 32
    }

    private func isEqual(_ start: Int, _ text: [UInt8], _ range: Range<Int>) -> Bool {
        for offset in 0..<range.count where bytes[start + offset] != text[range.lowerBound + offset] {
            return false
        }
        return true
    }

    private mutating func add(_ slot: Slot) {
        var index = Int(truncatingIfNeeded: slot.hash) & (slots.count - 1)
        while slots[index].length > 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 4)
        for slot in old where slot.length > 0 { add(slot) }
    }
}
