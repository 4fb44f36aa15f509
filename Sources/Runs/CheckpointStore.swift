import Foundation
import HDF5
import Levels
import ModelFiles

/// The checkpoints of a run folder: the last one, and the one before, for when the last is damaged.
package struct CheckpointStore {
    /// The last one.
    package let path: String
    /// The one before it.
    package let previousPath: String

    package init(folder: String) {
        let files = RunFiles(folder: URL(fileURLWithPath: folder).path)
        path = files.path(.checkpoint)
        previousPath = files.path(.previousCheckpoint)
    }

    /// Whether there is one.
    package var holdsCheckpoint: Bool {
        [path, previousPath].contains { FileManager.default.fileExists(atPath: $0) }
    }

    /// Replaces the last checkpoint in one piece; what it was becomes the one before.
    package func save(_ checkpoint: CheckpointFile) throws {
        try HDF5File.write(
            atomicallyTo: path,
            beforeReplacing: { temporary in
                try FileSeal.append(to: temporary)
                if FileManager.default.fileExists(atPath: path) { try Self.link(path, as: previousPath) }
            }
        ) { try checkpoint.write(to: $0) }
    }

    /// Makes sure that the last checkpoint is whole, and puts the one before in its place when it is not.
    ///
    /// - Returns: a line about what was wrong; nil when nothing was.
    /// - Throws: `Issue`, or what is wrong when there is none before it either.
    package func repair() throws -> String? {
        guard holdsCheckpoint else { throw Issue.noCheckpoint(path) }
        do {
            try FileSeal.require(path)
            return nil
        } catch {
            guard (try? FileSeal.state(of: previousPath)) == .intact else { throw error }
            try Self.link(previousPath, as: path)
            let evaluations = try CheckpointFile.readSummary(path: path).evaluations
            return "\(error): running from the checkpoint before, after evaluation \(evaluations)"
        }
    }

    /// Gives a file a second name, in place of what had that name; takes no room on the disk.
    private static func link(_ path: String, as name: String) throws {
        let temporary = "\(name).new"
        unlink(temporary)
        guard Foundation.link(path, temporary) == 0, rename(temporary, name) == 0 else {
            throw Issue(name, cannot: "replace it")
        }
    }
}
