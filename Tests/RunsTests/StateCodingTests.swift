import Foundation
import Runs
import Testing

@Suite struct StateCodingTests {
    private struct State: Codable {
        let reals: [Double]
        let single: Float
        let seed: UInt64
        let missing: Double?
    }

    @Test func numbersKeepEveryBit() throws {
        let reals = [
            0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1,
            1 / 3,
        ]
        let state = State(reals: reals, single: -0.0, seed: .max, missing: nil)
        let read = try StateCoding.decode(State.self, from: StateCoding.encode(state))
        #expect(read.reals.map(\.bitPattern) == reals.map(\.bitPattern))
        #expect(read.single.bitPattern == state.single.bitPattern)
        #expect(read.seed == .max && read.missing == nil)
        #expect(throws: DecodingError.self) { try StateCoding.decode(State.self, from: Data("{}".utf8)) }
    }
}
