extension ThreadPool {
    /// The results of `body` for every index of 0..<count, in order; indices are shared out among the
    /// threads.
    public func map<Result: Sendable>(
        count: Int, _ body: @Sendable (_ index: Int) -> Result
    ) -> [Result] {
        let parts = Partials<Result>(workers: threads)
        run { worker in parts.results[worker] = share(of: count, worker: worker).map(body) }
        return parts.results.flatMap { $0 }
    }
}

/// What each worker has made.
private final class Partials<Result: Sendable>: @unchecked Sendable {
    // Unchecked: each worker writes to its own element, which is there before they start.
    let results: UnsafeMutableBufferPointer<[Result]>

    init(workers: Int) {
        results = .allocate(capacity: workers)
        results.initialize(repeating: [])
    }

    deinit {
        results.deinitialize()
        results.deallocate()
    }
}
