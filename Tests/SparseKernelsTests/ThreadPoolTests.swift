import Foundation
import Synchronization
import Tensors
import Testing

@Suite struct ThreadPoolTests {
    @Test func callsOfSeveralThreadsTakeTurns() {
        let pool = ThreadPool(threads: 2)
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
}
