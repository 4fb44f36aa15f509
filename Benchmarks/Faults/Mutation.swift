import Foundation
import Tensors

/// Damages the bytes of a file, the same way for the same seed.
struct Mutation {
    private var random: CounterBasedRandom

    init(seed: UInt64, stream: UInt64) {
        random = CounterBasedRandom(seed: seed, stream: stream)
    }

    /// One to four damages, one after the other.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<[1, 1, 2, 4][pick(4)] { damageOnce(&bytes) }
        return bytes
    }

    /// A number below `count`.
    mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func damageOnce(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes = [UInt8.random(in: 0...255, using: &random)] }
        switch pick(9) {
        case 0: bytes[place(bytes)] ^= 1 << UInt8(pick(8))
        case 1: bytes[place(bytes)] = .random(in: 0...255, using: &random)
        case 2: bytes.removeLast(pick(bytes.count))
        case 3: cut(&bytes)
        case 4: repeatPart(&bytes)
        case 5: overwriteInteger(&bytes)
        case 6, 7: replaceNumber(&bytes)
        default: swapParts(&bytes)
        }
    }

    /// More often near the start, where headers are.
    private mutating func place(_ bytes: [UInt8]) -> Int {
        pick(pick(2) == 0 ? min(bytes.count, 512) : bytes.count)
    }

    private mutating func part(_ bytes: [UInt8]) -> Range<Int> {
        let start = place(bytes)
        return start..<min(start + 1 + pick(64), bytes.count)
    }

    private mutating func cut(_ bytes: inout [UInt8]) { bytes.removeSubrange(part(bytes)) }

    private mutating func repeatPart(_ bytes: inout [UInt8]) {
        let copy = bytes[part(bytes)]
        bytes.insert(contentsOf: copy, at: place(bytes))
    }

    private mutating func swapParts(_ bytes: inout [UInt8]) {
        for index in part(bytes) { bytes.swapAt(index, pick(bytes.count)) }
    }

    /// A length or an offset that cannot be.
    private mutating func overwriteInteger(_ bytes: inout [UInt8]) {
        let values: [UInt64] = [
            0, 1, .max, .max >> 1, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 40, 0x8000_0000_0000_0000,
        ]
        let value = values[pick(values.count)]
        let width = [1, 2, 4, 8][pick(4)]
        let start = place(bytes)
        for offset in 0..<width where start + offset < bytes.count {
            bytes[start + offset] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
        }
    }

    /// A number in a text, where there is one near, becomes one that is out of range.
    private mutating func replaceNumber(_ bytes: inout [UInt8]) {
        let start = place(bytes)
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let first = bytes[start...].prefix(200).firstIndex(where: isDigit) else { return }
        let end = bytes[first...].firstIndex { !isDigit($0) } ?? bytes.count
        let values = [
            "0", "-1", "1e308", "-1e308", "1e999", "9223372036854775807", "9223372036854775808", "2147483648",
            "4294967296", "0.5", "null", "true", "[]", "{}", "\"\"", "\"1\"", "1000000000",
        ]
        bytes.replaceSubrange(first..<end, with: Array(values[pick(values.count)].utf8))
    }
}
