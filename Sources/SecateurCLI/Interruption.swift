import Foundation
import Synchronization

/// Ctrl-C: the first asks for a clean stop where one is possible, the second ends the program at once.
enum Interruption {
    private static let requested = Atomic<Bool>(false)
    private static let stoppable = Atomic<Bool>(false)

    /// Listens for SIGINT and SIGTERM.
    static func install() {
        // A parent that starts programs from a worker thread may hand down a mask that blocks them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
        sigprocmask(SIG_UNBLOCK, &signals, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                // Files are only ever replaced in one piece, so ending here loses nothing.
                if !Interruption.stoppable.load(ordering: .relaxed)
                    || Interruption.requested.exchange(true, ordering: .relaxed)
                {
                    _exit(128 + number)
                }
            }
        }
    }

    /// From here on the program asks ``isRequested`` often.
    static func becomeStoppable() {
        stoppable.store(true, ordering: .relaxed)
    }

    /// Whether a stop was asked for.
    static var isRequested: Bool {
        requested.load(ordering: .relaxed)
    }
}
