import Foundation
import Testing

@testable import SparseKernels

@Suite struct ProcessorLoadTests {
    @Test func busyTimeIsWhatIsNeitherIdleNorWaiting() throws {
        let before = try #require(
            ProcessorLoad(
                statistics: """
                    cpu  300 0 100 900 100 0 0 0 0 0
                    cpu0 200 0 50 400 50 0 0 0 0 0
                    cpu1 100 0 50 500 50 0 0 0 0 0
                    intr 5
                    """))
        let after = try #require(
            ProcessorLoad(
                statistics: """
                    cpu  385 5 110 990 110 0 0 0 0 0
                    cpu0 275 5 60 405 55 0 0 0 0 0
                    cpu1 110 0 50 585 55 0 0 0 0 0
                    intr 9
                    """))
        // Processor 0: 90 of 100 ticks; processor 1: 10 of 100.
        #expect(abs(after.busyProcessors(since: before) - 1) < 1e-12)
        #expect(abs(after.busyProcessors(since: before, allowed: [1]) - 0.1) < 1e-12)
    }

    @Test func textWithoutProcessorsIsNoLoad() {
        #expect(ProcessorLoad(statistics: "intr 5\ncpu  1 2 3 4 5\n") == nil)
    }

    @Test func allowedProcessorsAreRangesAndNumbers() {
        let status = "Name:\tsecateur\nCpus_allowed:\t107\nCpus_allowed_list:\t0-2,8\n"
        #expect(ProcessorLoad.processors(status: status) == [0, 1, 2, 8])
        #expect(ProcessorLoad.processors(status: "Name:\tsecateur\n") == nil)
    }

    @Test func thisMachineTells() throws {
        let busy = try #require(ProcessorLoad.ofOthers(during: 0.05))
        #expect((0...Double(ProcessInfo.processInfo.processorCount)).contains(busy))
    }
}
