import Foundation
import Levels

/// Keeps a second search out of a run folder for as long as it lives; the system lets go of it when the
/// process ends, however it does.
package final class RunLock {
    private let descriptor: Int32

    /// Takes the lock.
    /// - Throws: `Issue` when another process has it, or the folder cannot be written to.
    package init(folder: String) throws {
        descriptor = try Self.lock("\(folder)/.lock", folder)
        let text = Array("\(ProcessInfo.processInfo.processIdentifier)\n".utf8)
        ftruncate(descriptor, 0)
        // A disk that is full leaves the holder's number out of the message of others, and nothing else.
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private static func lock(_ path: String, _ folder: String) throws -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Issue(
                .inaccessible, .path(path), advice: "cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let holder = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            let number = Int(holder.trimmingCharacters(in: .whitespacesAndNewlines))
            throw Issue(
                .busy, .path(folder),
                advice: "another search writes to this folder\(number.map { " (process \($0))" } ?? ""): "
                    + "wait for its end, or choose another folder")
        }
        return descriptor
    }

    /// Unlocks before closing: a process that is being started shares the lock until its program runs.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
