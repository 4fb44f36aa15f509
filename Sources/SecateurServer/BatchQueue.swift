import Foundation
import Synchronization

/// Work of many requests, computed in batches on threads of its own: a free thread takes its share of the items that
/// wait as its next batch, up to a number of tokens.
///
/// Threads do not work together on a batch: on a machine that is busy with requests, each would often wait for one that
/// the system has put aside. Items are begun in the order in which they arrived. A request gets its results when its last
/// item is computed.
final class BatchQueue<Input: Sendable, Output: Sendable>: Sendable {
    /// What a request gets.
    struct Answer: Sendable {
        let outputs: [Output]
        /// From the request's arrival to the start of its first batch.
        let waited: Duration
        /// From then to its end.
        let computed: Duration
    }

    /// A request whose items are computed.
    private final class Job: Sendable {
        struct State {
            var outputs: [Output?]
            var missing: Int
            var begin: ContinuousClock.Instant?
            var continuation: CheckedContinuation<Answer, any Error>?
        }

        let arrival = ContinuousClock.now
        let state: Mutex<State>

        init(items: Int, _ continuation: CheckedContinuation<Answer, any Error>) {
            state = Mutex(
                State(
                    outputs: Array(repeating: nil, count: items), missing: items, continuation: continuation))
        }

        func begin(at time: ContinuousClock.Instant) {
            state.withLock { $0.begin = $0.begin ?? time }
        }

        func finish(_ item: Int, _ result: Result<Output, any Error>) {
            let (continuation, answer) = state.withLock {
                state -> (CheckedContinuation<Answer, any Error>?, Result<Answer, any Error>) in
                let begin = state.begin ?? arrival
                do {
                    state.outputs[item] = try result.get()
                    state.missing -= 1
                    guard state.missing == 0 else { return (nil, .failure(CancellationError())) }
                    let answer = Answer(
                        outputs: state.outputs.compactMap(\.self), waited: begin - arrival,
                        computed: .now - begin)
                    defer { state.continuation = nil }
                    return (state.continuation, .success(answer))
                } catch {
                    defer { state.continuation = nil }
                    return (state.continuation, .failure(error))
                }
            }
            continuation?.resume(with: answer)
        }
    }

    private struct Item {
        let input: Input
        let tokens: Int
        let job: Job
        let index: Int
    }

    private let workers: Int
    private let maximumTokens: Int
    private let onBatch: @Sendable (_ items: Int, _ tokens: Int) -> Void
    private let compute: @Sendable (_ worker: Int, [Input]) throws -> [Output]
    private let waiting = Mutex<[Item]>([])
    private let signal = DispatchSemaphore(value: 0)

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - workers: how many.
    ///   - maximumTokens: of a batch; an item of more is a batch of its own.
    ///   - onBatch: is told of each batch before it is computed.
    ///   - compute: the outputs of a batch, in its order, on one of the threads, by its number.
    init(
        workers: Int, maximumTokens: Int,
        onBatch: @escaping @Sendable (_ items: Int, _ tokens: Int) -> Void = { _, _ in },
        compute: @escaping @Sendable (_ worker: Int, [Input]) throws -> [Output]
    ) {
        (self.workers, self.maximumTokens) = (workers, maximumTokens)
        (self.onBatch, self.compute) = (onBatch, compute)
        for worker in 0..<workers {
            let thread = Thread { [self] in run(worker) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Items that wait.
    var count: Int { waiting.withLock(\.count) }

    /// Computes some items, one at least, together with those of others.
    func submit(_ inputs: [(input: Input, tokens: Int)]) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let job = Job(items: inputs.count, continuation)
            waiting.withLock { waiting in
                waiting += inputs.enumerated().map { index, input in
                    Item(input: input.input, tokens: input.tokens, job: job, index: index)
                }
            }
            // One for each that may find something to do; who finds nothing waits again.
            for _ in inputs { signal.signal() }
        }
    }

    private func run(_ worker: Int) -> Never {
        while true {
            signal.wait()
            while let batch = next() {
                onBatch(batch.count, batch.reduce(0) { $0 + $1.tokens })
                let begin = ContinuousClock.now
                for item in batch { item.job.begin(at: begin) }
                let results = Result { try compute(worker, batch.map(\.input)) }
                for (number, item) in batch.enumerated() {
                    item.job.finish(item.index, results.map { $0[number] })
                }
            }
        }
    }

    /// The first items that wait, taken out, as many as leave the other threads their share; nil where none waits.
    private func next() -> [Item]? {
        waiting.withLock { waiting in
            guard !waiting.isEmpty else { return nil }
            let all = waiting.reduce(0) { $0 + $1.tokens }
            let most = min(maximumTokens, (all + workers - 1) / workers)
            var tokens = 0
            let count =
                waiting.firstIndex { item in
                    tokens += item.tokens
                    return tokens > most
                } ?? waiting.count
            let batch = Array(waiting.prefix(max(1, count)))
            waiting.removeFirst(batch.count)
            return batch
        }
    }
}
