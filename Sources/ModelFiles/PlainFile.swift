import Foundation
import Levels

/// Copies of files that are ordinary files of their own: never links, writable whatever the source was, whole
/// or absent.
public enum PlainFile {
    private static let bufferBytes = 1 << 20

    /// Copies the content of `source`, which may be a link to a file, to a new file.
    /// - Throws: `Issue` for a source that is no file, or a destination that exists or cannot be
    ///   written.
    public static func copy(_ source: String, to destination: String) throws {
        let from = try FileDescriptor(reading: source)
        let to = try FileDescriptor(creating: destination)
        do {
            try copy(from, to: to)
            try to.synchronize()
        } catch {
            unlink(destination)
            throw error
        }
    }

    private static func copy(_ source: borrowing FileDescriptor, to destination: borrowing FileDescriptor)
        throws
    {
        var buffer = [UInt8](repeating: 0, count: bufferBytes)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            guard count > 0 else { return }
            try buffer.withUnsafeBytes {
                try destination.write(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
    }

    /// Whether a name is taken, be it by a link that leads nowhere.
    public static func isTaken(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Makes a folder, and those above it.
    /// - Throws: `Issue` when it cannot be made.
    public static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Issue(.inaccessible, .path(path), advice: "cannot be made: \(error.localizedDescription)")
        }
    }

    /// Paths of the files in a folder and below it, seen from the folder; links to folders are followed.
    /// - Throws: `Issue` when a folder cannot be read, or links lead round in a circle.
    public static func paths(below folder: String, depth: Int = 0) throws -> [String] {
        guard depth < 16 else {
            throw Issue(.outOfRange, .path(folder), found: "folders 16 deep", allowed: "fewer")
        }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw Issue(.inaccessible, .path(folder), advice: "cannot be read: \(error.localizedDescription)")
        }
        return try names.sorted().flatMap { name -> [String] in
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
            guard exists, isFolder.boolValue else { return [name] }
            return try paths(below: "\(folder)/\(name)", depth: depth + 1).map { "\(name)/\($0)" }
        }
    }
}
