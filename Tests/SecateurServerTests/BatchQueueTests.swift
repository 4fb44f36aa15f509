import Synchronization
import Testing

@testable import SecateurServer

/// Requests that are computed together.
@Suite struct BatchQueueTests {
    private struct Failure: Error {}

    @Test func everyRequestGetsItsOwnInItsOrder() async throws {
        let batches = Mutex<[[Int]]>([])
        let queue = BatchQueue<Int, Int>(workers: 3, maximumTokens: 10) { _, inputs in
            batches.withLock { $0.append(inputs) }
            return inputs.map { $0 * 2 }
        }
        let results = try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
            for request in 0..<50 {
                group.addTask {
                    let inputs = (0..<(request % 5 + 1)).map { (input: request * 10 + $0, tokens: 3) }
                    return (request, try await queue.submit(inputs).outputs)
                }
            }
            return try await group.reduce(into: [Int: [Int]]()) { $0[$1.0] = $1.1 }
        }
        for request in 0..<50 {
            #expect(results[request] == (0..<(request % 5 + 1)).map { (request * 10 + $0) * 2 })
        }
        // Three inputs of three tokens are all that ten tokens hold.
        #expect(batches.withLock { $0 }.allSatisfy { (1...3).contains($0.count) })
        #expect(batches.withLock { $0.joined().count } == 150)
    }

    @Test func whatIsLargerThanABatchIsOneOfItsOwn() async throws {
        let tokens = Mutex<[Int]>([])
        let queue = BatchQueue<Int, Int>(
            workers: 1, maximumTokens: 4, onBatch: { _, count in tokens.withLock { $0.append(count) } },
            compute: { $1 })
        #expect(try await queue.submit([(1, 9), (2, 4), (3, 5)]).outputs == [1, 2, 3])
        #expect(tokens.withLock { $0 } == [9, 4, 5])
    }

    @Test func aFailureIsItsRequests() async throws {
        let queue = BatchQueue<Int, Int>(workers: 2, maximumTokens: 1) { _, inputs in
            if inputs.contains(13) { throw Failure() }
            return inputs
        }
        await #expect(throws: Failure.self) { try await queue.submit([(12, 1), (13, 1), (14, 1)]) }
        #expect(try await queue.submit([(1, 1)]).outputs == [1])
    }
}
