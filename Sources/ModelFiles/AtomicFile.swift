import Foundation
import Levels

/// Replaces a file so that a reader, or a crash, sees either the old content or the new, never a part.
///
/// The content goes to a temporary file in the same folder, is flushed to the disk, takes the name by
/// `rename`, and the folder is flushed too. On failure the temporary file is removed and the old one stays.
public enum AtomicFile {
    /// Replaces the file at `path` with what `body` writes to the (existing, empty) temporary file.
    ///
    /// A symbolic link stays one: what it points to is replaced.
    /// - Throws: what `body` throws, or `Issue` when the folder cannot be written, or something
    ///   else than a file has the name.
    public static func write(to path: String, _ body: (_ temporaryPath: String) throws -> Void) throws {
        let path = try replaceable(path)
        let folder = containingFolder(of: path)
        let temporaryPath = "\(folder)/.\(UUID().uuidString).temporary"
        _ = try FileDescriptor(creating: temporaryPath, named: path)
        do {
            try body(temporaryPath)
            try FileDescriptor(reading: temporaryPath, named: path).synchronize()
            guard rename(temporaryPath, path) == 0 else {
                throw Issue(path, cannot: "replace")
            }
        } catch {
            unlink(temporaryPath)
            throw error
        }
        try FileDescriptor(folder: folder).synchronize()
    }

    /// Replaces the file at `path` with a text in UTF-8.
    public static func write(_ text: String, to path: String) throws {
        try write(Data(text.utf8), to: path)
    }

    /// Replaces the file at `path` with `data`.
    public static func write(_ data: Data, to path: String) throws {
        try write(to: path) { temporaryPath in
            let file = try FileDescriptor(rewriting: temporaryPath, named: path)
            try data.withUnsafeBytes { try file.write($0) }
        }
    }

    /// Refuses a path that could not be written to, before long work is done for it.
    public static func requireWritable(_ path: String) throws {
        let folder = containingFolder(of: try replaceable(path))
        var status = stat()
        let isThere = stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        guard isThere, access(folder, W_OK | X_OK) == 0 else {
            throw Issue(
                isThere ? .inaccessible : .missing, .path(path),
                advice: "cannot be written: no such folder, or no permission")
        }
    }

    /// The path of the file that is replaced: devices and pipes are not.
    private static func replaceable(_ path: String) throws -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return path }
        // Folders cannot be replaced by files, and the system says so.
        guard [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
            throw Issue(
                .exists, .path(path), found: "something else than a file", allowed: "a file or a new name")
        }
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func containingFolder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
