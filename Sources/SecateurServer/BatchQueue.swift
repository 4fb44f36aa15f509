import Foundation
import Synchronization

/// Work of many requests, computed in batches on a thread of its own: whatever waits when the thread is free is the
/// next batch, as far as a number of tokens goes.
///
/// Items come and go in the order in which they arrived. A request gets its results when its last item is computed.
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

    private let maximumTokens: Int
    private let onBatch: @Sendable (_ items: Int, _ tokens: Int) -> Void
    private let compute: @Sendable ([Input]) throws -> [Output]
    private let waiting = Mutex<[Item]>([])
    private let signal = DispatchSemaphore(value: 0)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - maximumTokens: of a batch; an item of more is a batch of its own.
    ///   - onBatch: is told of each batch before it is computed.
    ///   - compute: the outputs of a batch, in its order.
    init(
        maximumTokens: Int, onBatch: @escaping @Sendable (_ items: Int, _ tokens: Int) -> Void,
        compute: @escaping @Sendable ([Input]) throws -> [Output]
    ) {
        (self.maximumTokens, self.onBatch, self.compute) = (maximumTokens, onBatch, compute)
        let thread = Thread { [self] in run() }
        thread.stackSize = 8 << 20
        thread.start()
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
            signal.signal()
        }
    }

    private func run() -> Never {
        while true {
            signal.wait()
            while let batch = next() {
                onBatch(batch.count, batch.reduce(0) { $0 + $1.tokens })
                let begin = ContinuousClock.now
                for item in batch { item.job.begin(at: begin) }
                let results = Result { try compute(batch.map(\.input)) }
                for (number, item) in batch.enumerated() {
                    item.job.finish(item.index, results.map { $0[number] })
                }
            }
        }
    }

    /// The first items that wait, taken out; nil where none does.
    private func next() -> [Item]? {
        waiting.withLock { waiting in
            var tokens = 0
            let count =
                waiting.firstIndex { item in
                    tokens += item.tokens
                    return tokens > maximumTokens
                } ?? waiting.count
            guard !waiting.isEmpty else { return nil }
            let batch = Array(waiting.prefix(max(1, count)))
            waiting.removeFirst(batch.count)
            return batch
        }
    }
}
