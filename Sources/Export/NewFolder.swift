import Foundation
import ModelFiles

/// A folder that appears whole or not at all.
public enum NewFolder {
    /// Fills a folder beside the destination and gives it the destination's name.
    /// - Throws: `ModelFileError` when the destination exists, or cannot be written to; also what `body`
    ///   throws.
    static func write(to destination: String, _ body: (_ folder: String) throws -> Void) throws {
        try requireAbsent(destination)
        let files = FileManager.default
        let temporary = "\(destination).incomplete-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try files.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        } catch {
            throw ModelFileError(
                file: destination, message: "cannot be created: \(error.localizedDescription)")
        }
        do {
            try body(temporary)
            try files.moveItem(atPath: temporary, toPath: destination)
        } catch {
            try? files.removeItem(atPath: temporary)
            throw error
        }
    }

    /// Refuses a path where something is, or where nothing can be made.
    public static func requireAbsent(_ destination: String) throws {
        let files = FileManager.default
        guard !files.fileExists(atPath: destination) else {
            throw ModelFileError(file: destination, message: "already exists: allowed is a new folder")
        }
        var parent = URL(fileURLWithPath: destination).deletingLastPathComponent()
        while !files.fileExists(atPath: parent.path), parent.path != "/" { parent.deleteLastPathComponent() }
        guard files.isWritableFile(atPath: parent.path) else {
            throw ModelFileError(file: destination, message: "cannot be created in \(parent.path)")
        }
    }

    /// Copies those of the named files that a folder has.
    static func copy(_ names: [String], from source: String, to folder: String) throws {
        let files = FileManager.default
        for name in names where files.fileExists(atPath: "\(source)/\(name)") {
            let target = URL(fileURLWithPath: "\(folder)/\(name)")
            try files.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try files.copyItem(atPath: "\(source)/\(name)", toPath: target.path)
        }
    }
}
