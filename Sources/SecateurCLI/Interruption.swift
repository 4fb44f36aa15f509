import Foundation
import Synchronization

/// Ctrl-C: the first asks for a clean stop where one is possible, the second ends the program at once.
enum Interruption {
    /// How long a clean stop may take, in seconds; 0 for as long as it needs.
    private static let patienceSeconds = Atomic<UInt32>(0)
    private static let requested = Atomic<Bool>(false)
    private static let stoppable = Atomic<Bool>(false)
    private static let lateMessage: StaticString =
        "stopped within an evaluation; `secateur resume` continues from the last checkpoint\n"

    /// Listens for SIGINT and SIGTERM.
    static func install() {
        // A parent that starts programs from a worker thread may hand down a mask that blocks them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGALRM] { sigaddset(&signals, number) }
        sigprocmask(SIG_UNBLOCK, &signals, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                // Files are only ever replaced in one piece, so ending here loses nothing.
                if !Interruption.stoppable.load(ordering: .relaxed)
                    || Interruption.requested.exchange(true, ordering: .relaxed)
                {
                    Interruption.say("stopped\n")
                    _exit(128 + number)
                }
                alarm(Interruption.patienceSeconds.load(ordering: .relaxed))
            }
        }
        // What was evaluated up to a second ago is in the checkpoint; the rest is evaluated again.
        signal(SIGALRM) { _ in
            Interruption.say(Interruption.lateMessage)
            _exit(130)
        }
    }

    /// Writes a line as a signal handler may.
    private static func say(_ message: StaticString) {
        _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
    }

    /// From here on the program asks ``isRequested`` often.
    ///
    /// - Parameter patienceSeconds: how long a stop may take before the program ends all the same, because
    ///   what was done until then is in a checkpoint: one evaluation of a large model takes long. 0 for as
    ///   long as it needs.
    static func becomeStoppable(patienceSeconds: UInt32 = 1) {
        Self.patienceSeconds.store(patienceSeconds, ordering: .relaxed)
        stoppable.store(true, ordering: .relaxed)
    }

    /// Whether a stop was asked for.
    static var isRequested: Bool {
        requested.load(ordering: .relaxed)
    }
}
