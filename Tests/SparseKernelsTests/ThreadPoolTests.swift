import Foundation
import Levels
import Synchronization
import Tensors
import Testing

@Suite struct ThreadPoolTests {
    @Test func callsOfSeveralThreadsTakeTurns() throws {
        let pool = try ThreadPool(threads: 2)
        let calls = 3000
        let mistaken = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<calls {
                let seen = Mutex([0, 0])
                pool.run { worker in seen.withLock { $0[worker] += 1 } }
                if seen.withLock({ $0 }) != [1, 1] { mistaken.withLock { $0 += 1 } }
            }
        }
        #expect(mistaken.withLock { $0 } == 0)
    }

    /// What the process set for OpenBLAS stays, and one thread needs no other.
    @Test func aPoolChangesNothingElse() throws {
        let before = BLAS.threads
        let alone = ThreadPool()
        let workers = Mutex<[Int]>([])
        alone.run { worker in workers.withLock { $0.append(worker) } }
        #expect(workers.withLock { $0 } == [0] && alone.threads == 1)
        _ = try ThreadPool(threads: 2)
        #expect(BLAS.threads == before)
    }

    @Test(arguments: [Int.min, -1, 0, Int.max]) func aNumberThatMakesNoSenseIsRefused(threads: Int) {
        let error = #expect(throws: Levels.Issue.self) { try ThreadPool(threads: threads) }
        #expect(error?.code == .outOfRange && error?.subject == .option("threads"))
    }

    /// Stacks of threads count towards the address space.
    @Test func aThreadThatTheSystemRefusesIsAnError() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            let space = __rlimit_resource_t(RLIMIT_AS.rawValue)
            try #require(getrlimit(space, &limit) == 0)
            let before = limit
            limit.rlim_cur = 16 << 20
            try #require(setrlimit(space, &limit) == 0)
            let error = #expect(throws: Levels.Issue.self) { try ThreadPool(threads: 8) }
            #expect(error?.code == .inaccessible && error?.subject == .option("threads"))
            #expect(ThreadPool().threads == 1)
            // Threads of libraries may wait for memory, and the exit for them.
            limit = before
            try #require(setrlimit(space, &limit) == 0)
        }
    }
}
