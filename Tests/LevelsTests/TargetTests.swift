import Foundation
import Levels
import Testing

@Suite struct TargetTests {
    @Test func aTargetIsTheSameInBothUnits() throws {
        let asked = Target(.fraction(0.25), denseLatencyMs: 12, sizeBytes: 7)
        #expect(asked.latencyMs == 3 && asked.fraction == 0.25 && asked.sizeBytes == 7)
        let measured = Target(.milliseconds(9), denseLatencyMs: 12)
        #expect(measured.latencyMs == 9 && measured.fraction == 0.75 && measured.sizeBytes == nil)
        let stricter = asked.with(latencyMs: 2)
        #expect(stricter == Target(latencyMs: 2, denseLatencyMs: 12, sizeBytes: 7))
        #expect(try JSONDecoder().decode(Target.self, from: JSONEncoder().encode(asked)) == asked)
    }

    /// Also of a range in the other unit.
    @Test(arguments: ["0.25...0.75", "3.0ms...9.0ms"]) func rangesContainTheirEnds(text: String) throws {
        let range = try #require(LatencyTargets(text))
        #expect(range.description == text)
        for (latency, isInside) in [
            (LatencyTarget.fraction(0.25), true), (.milliseconds(9), true), (.milliseconds(6), true),
            (.fraction(0.24), false), (.milliseconds(9.1), false),
        ] {
            #expect(range.contains(Target(latency, denseLatencyMs: 12)) == isInside)
        }
    }
}
