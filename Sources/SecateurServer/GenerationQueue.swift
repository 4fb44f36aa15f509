import Evaluation
import Foundation
import Secateur
import Synchronization

/// Texts of many requests, continued together on a thread of its own; a text joins as soon as one of the places is
/// free.
final class GenerationQueue: Sendable {
    /// A text in the making.
    private struct Waiting: Sendable {
        let number: Int
        let request: TextBatch.Request
        let events: AsyncStream<TextBatch.Event>.Continuation
    }

    private struct State {
        var waiting: [Waiting] = []
        var cancelled: Set<Int> = []
        var count = 0
    }

    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    /// The most tokens of a text, its prompt included.
    let capacity: Int

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - places: the most texts at a time.
    ///   - capacity: the most tokens of a text.
    ///   - onStep: is told of the tokens that a step made, and of those of prompts that it found computed.
    /// - Throws: `Issue` for a model that does not generate.
    init(
        _ model: Model, places: Int, capacity: Int,
        onStep: @escaping @Sendable (_ tokens: Int, _ reused: Int) -> Void
    ) throws {
        self.capacity = capacity
        // The batch is of the thread's own.
        nonisolated(unsafe) let batch = try model.textBatch(places: places, capacity: capacity)
        let thread = Thread { [self] in run(batch, onStep) }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Texts that wait for a place.
    var count: Int { state.withLock(\.waiting.count) }

    /// Continues a prompt of one token or more, which leaves room for another; the work ends with the loop that reads
    /// what comes.
    func generate(_ request: TextBatch.Request) -> AsyncStream<TextBatch.Event> {
        AsyncStream { events in
            let number = state.withLock { state in
                state.count += 1
                state.waiting.append(Waiting(number: state.count, request: request, events: events))
                return state.count
            }
            events.onTermination = { [weak self] reason in
                guard case .cancelled = reason, let self else { return }
                _ = state.withLock { $0.cancelled.insert(number) }
                signal.signal()
            }
            signal.signal()
        }
    }

    private func run(_ batch: TextBatch, _ onStep: (_ tokens: Int, _ reused: Int) -> Void) -> Never {
        var texts: [TextBatch.ID: Waiting] = [:]
        var reused = 0
        while true {
            let cancelled = state.withLock { state in
                defer { state.cancelled = [] }
                state.waiting.removeAll { state.cancelled.contains($0.number) }
                return state.cancelled
            }
            for (id, text) in texts where cancelled.contains(text.number) {
                batch.remove(id)
                texts[id] = nil
            }
            while batch.hasRoom,
                let next = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() })
            {
                texts[batch.add(next.request)] = next
            }
            guard !batch.isEmpty else {
                signal.wait()
                continue
            }
            let events = batch.step()
            onStep(events.count { $0.token != nil }, batch.reusedTokens - reused)
            reused = batch.reusedTokens
            for event in events {
                texts[event.text]?.events.yield(event)
                guard event.ending != nil else { continue }
                texts[event.text]?.events.finish()
                texts[event.text] = nil
            }
        }
    }
}
