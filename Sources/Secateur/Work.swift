import Foundation
import Synchronization

/// Runs blocking work on a thread of its own, so that it holds none of the threads that async functions
/// share.
enum Work {
    /// What work emits, as it is emitted; the work is asked to stop when nobody reads any more, or the
    /// reading task is cancelled.
    static func stream<Element: Sendable>(
        _ body:
            @escaping @Sendable (
                _ emit: @Sendable (Element) -> Void, _ isStopped: @Sendable () -> Bool
            ) throws -> Void
    ) -> AsyncThrowingStream<Element, any Error> {
        AsyncThrowingStream { continuation in
            let stop = Flag()
            continuation.onTermination = { _ in stop.set() }
            let thread = Thread {
                do {
                    try body({ continuation.yield($0) }, { stop.isSet })
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            // Forward passes keep little on the stack, but solvers recurse.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}

/// A flag that is set once.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    func set() { value.store(true, ordering: .relaxed) }

    var isSet: Bool { value.load(ordering: .relaxed) }
}
