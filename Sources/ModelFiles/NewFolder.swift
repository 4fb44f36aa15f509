import Foundation
import Levels

/// A folder that appears whole or not at all.
package enum NewFolder {
    /// Fills a folder next to the destination and gives it the destination's name; folders above are made.
    /// - Throws: `Issue` when the destination exists, or cannot be written to; also what `body`
    ///   throws.
    package static func write(to destination: String, _ body: (_ folder: String) throws -> Void) throws {
        let destination = OutputPath(destination).path
        let files = FileManager.default
        let parent = URL(fileURLWithPath: destination).deletingLastPathComponent().path
        try PlainFile.makeFolder(parent)
        try OutputPath(destination).require(.newFolder)
        let temporary = "\(destination).incomplete-\(ProcessInfo.processInfo.processIdentifier)"
        try PlainFile.makeFolder(temporary)
        do {
            try body(temporary)
            try rename(temporary, to: destination)
        } catch {
            try? files.removeItem(atPath: temporary)
            throw error
        }
    }

    private static func rename(_ temporary: String, to destination: String) throws {
        // The system would put the folder in the place of an empty one that came there meanwhile.
        try OutputPath(destination).require(.newFolder)
        guard Foundation.rename(temporary, destination) == 0 else {
            throw Issue(destination, cannot: "be created")
        }
    }
}
