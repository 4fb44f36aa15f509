import CKernels
import Levels
import Synchronization

/// A fixed team of threads for parallel loops with static splits.
///
///     let pool = try ThreadPool(threads: 2)
///     pool.run { worker in process(rows: split[worker]) }
///
/// Workers spin for a short while between calls and sleep after that, so a call costs about a
/// microsecond in a busy forward pass and nothing when idle. The caller is worker 0. Calls of several
/// threads take turns; they do not nest.
public final class ThreadPool: Sendable {
    // The C pool synchronises its own state; this class only holds its address, which never changes. One
    // thread needs none.
    private nonisolated(unsafe) let handle: OpaquePointer?
    /// Number of workers, the calling thread included.
    public let threads: Int

    /// The calling thread alone.
    public init() {
        handle = nil
        threads = 1
    }

    /// Starts `threads - 1` workers.
    /// - Throws: `Issue` for no threads, or more than the system starts.
    public init(threads: Int) throws {
        guard let count = Int32(exactly: threads), count >= 1 else {
            throw Issue(.outOfRange, .option("threads"), found: "\(threads)", allowed: "1 or more")
        }
        if threads == 1 {
            handle = nil
        } else {
            guard let handle = secateur_pool_create(count) else {
                throw Issue(
                    .inaccessible, .option("threads"), found: "\(threads)",
                    allowed: "as many as the system starts: it refuses more")
            }
            self.handle = handle
        }
        self.threads = threads
    }

    deinit {
        if let handle { secateur_pool_destroy(handle) }
    }

    /// Calls `body` once on every worker, with its number from 0, and returns when all are done.
    public func run(_ body: @Sendable (_ worker: Int) -> Void) {
        if threads == 1 { return body(0) }
        withoutActuallyEscaping(body) { escaping in
            var call = escaping
            withUnsafeMutablePointer(to: &call) { pointer in
                secateur_pool_run(
                    handle,
                    { context, worker in
                        context?.assumingMemoryBound(to: (@Sendable (Int) -> Void).self).pointee(Int(worker))
                    }, pointer)
            }
        }
    }

    /// Within a body that every worker runs: waits until all workers are here. What they wrote before is
    /// then there for all.
    ///
    /// Costs a tenth of what starting another call does.
    public func barrier() {
        if threads > 1 { secateur_pool_barrier(handle) }
    }

    /// Calls `body` for every index of 0..<count; each worker takes the next free index.
    ///
    /// Which worker takes which index varies, so `body` must not depend on it.
    public func forEach(count: Int, _ body: @Sendable (_ index: Int) -> Void) {
        let next = AtomicCounter()
        run { _ in
            while true {
                let index = next.increment()
                if index >= count { return }
                body(index)
            }
        }
    }

    /// What `body` gives for every index of 0..<count, in order; each worker takes the next free index.
    /// - Throws: what `body` threw for the first index that it threw for.
    public func map<Value: Sendable>(
        count: Int, _ body: @Sendable (_ index: Int) throws -> Value
    ) throws -> [Value] {
        let results = Mutex([Result<Value, any Error>?](repeating: nil, count: count))
        forEach(count: count) { index in
            let result = Result { try body(index) }
            results.withLock { $0[index] = result }
        }
        return try results.withLock { try $0.compactMap { try $0?.get() } }
    }

    /// The range of 0..<count that falls to one worker when the count is split evenly.
    public func share(of count: Int, worker: Int) -> Range<Int> {
        count * worker / threads..<count * (worker + 1) / threads
    }
}

/// A counter that threads share.
private final class AtomicCounter: Sendable {
    private nonisolated(unsafe) let value: UnsafeMutablePointer<Int64>

    init() {
        value = .allocate(capacity: 1)
        value.initialize(to: 0)
    }

    deinit {
        value.deallocate()
    }

    /// Adds one and returns the value before.
    func increment() -> Int {
        Int(secateur_atomic_increment(value))
    }
}
