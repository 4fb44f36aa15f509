import Foundation

/// SHA-256 as FIPS 180-4 defines it; sums and variables are named as in the standard.
struct SHA256 {
    private static let blockByteCount = 64
    private static let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }
    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
    private static let roundConstants = primes.map { firstFractionBits(cbrt(Double($0))) }
    /// The same of the square roots of the first eight (section 5.3.3).
    private static let initialState = SIMD8(
        primes.prefix(8).map { firstFractionBits(Double($0).squareRoot()) })

    private var state = SHA256.initialState
    private var schedule = [UInt32](repeating: 0, count: 64)
    /// Bytes that do not fill a block yet.
    private var pending: [UInt8] = []
    private var byteCount = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
        var rest = bytes[...]
        if !pending.isEmpty {
            let taken = rest.prefix(Self.blockByteCount - pending.count)
            rest = rest.dropFirst(taken.count)
            pending += taken
            guard pending.count == Self.blockByteCount else { return }
            let block = pending
            block.withUnsafeBytes { compress($0) }
        }
        let wholeBlocks = rest.count / Self.blockByteCount * Self.blockByteCount
        compress(UnsafeRawBufferPointer(rebasing: rest.prefix(wholeBlocks)))
        pending = Array(rest.dropFirst(wholeBlocks))
    }

    /// Pads the message (section 5.1.1) and returns its digest.
    mutating func finalize() -> String {
        let bitCount = UInt64(byteCount) * 8
        let zeroCount = (2 * Self.blockByteCount - 9 - byteCount % Self.blockByteCount) % Self.blockByteCount
        let padding = [0x80] + [UInt8](repeating: 0, count: zeroCount)
        padding.withUnsafeBytes { update($0) }
        withUnsafeBytes(of: bitCount.bigEndian) { update($0) }
        return state.indices.map { index in
            let digits = String(state[index], radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// Section 6.2.2, for every block of `blocks`.
    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        Self.roundConstants.withUnsafeBufferPointer { constants in
            schedule.withUnsafeMutableBufferPointer { schedule in
                for start in stride(from: 0, to: blocks.count, by: Self.blockByteCount) {
                    Self.expand(UnsafeRawBufferPointer(rebasing: blocks[start..<start + 64]), into: schedule)
                    Self.mix(schedule, constants, into: &state)
                }
            }
        }
    }

    private static func expand(_ block: UnsafeRawBufferPointer, into w: UnsafeMutableBufferPointer<UInt32>) {
        for t in 0..<16 {
            w[t] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * t, as: UInt32.self))
        }
        for t in 16..<64 {
            let s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >> 3)
            let s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >> 10)
            w[t] = w[t - 16] &+ s0 &+ w[t - 7] &+ s1
        }
    }

    private static func mix(
        _ w: UnsafeMutableBufferPointer<UInt32>, _ k: UnsafeBufferPointer<UInt32>,
        into state: inout SIMD8<UInt32>
    ) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for t in 0..<64 {
            let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
            let choice = (e & f) ^ (~e & g)
            let t1 = h &+ sum1 &+ choice &+ k[t] &+ w[t]
            let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
            let majority = (a & b) ^ (a & c) ^ (b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ sum0 &+ majority)
        }
        state &+= SIMD8(a, b, c, d, e, f, g, h)
    }

    @inline(__always)
    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word &>> count | word &<< (32 - count)
    }

    private static func firstFractionBits(_ root: Double) -> UInt32 {
        UInt32(truncatingIfNeeded: Int(root * 0x1p32))
    }
}
