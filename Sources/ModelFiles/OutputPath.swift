import Foundation
import Levels

/// The place that a command is to write to: checked before long work is done for it.
public struct OutputPath: Sendable, Equatable, CustomStringConvertible {
    /// What is written there.
    public enum Kind: Sendable {
        /// A folder that must not be there yet.
        case newFolder
        /// A folder that may be there.
        case folder
        /// A file, which is replaced when it is there.
        case file
    }

    /// The path, without slashes at its end.
    public let path: String
    private let endsInSlash: Bool

    /// Takes a path as a person typed it or a shell completed it.
    public init(_ typed: String) {
        let trimmed = typed.reversed().drop { $0 == "/" }.reversed()
        path = trimmed.isEmpty && !typed.isEmpty ? "/" : String(trimmed)
        endsInSlash = typed.count > path.count
    }

    /// The path.
    public var description: String { path }

    /// Refuses a place that cannot be written to as it has to be.
    /// - Throws: `Issue` with what was found and what is allowed.
    public func require(_ kind: Kind) throws {
        guard !path.isEmpty else { throw Issue(.missing, .other("''"), found: "no name", allowed: "a path") }
        var status = stat()
        // What a link leads to counts, and a link to nothing too: the name is taken.
        let exists = stat(path, &status) == 0 || lstat(path, &status) == 0
        let isFolder = exists && status.st_mode & S_IFMT == S_IFDIR
        switch kind {
        case .newFolder:
            guard !exists else {
                throw Issue(.exists, .path(path), advice: "already exists: allowed is a new folder")
            }
        case .folder:
            guard !exists || isFolder else {
                throw Issue(.exists, .path(path), found: "something else than a folder", allowed: "a folder")
            }
            if isFolder {
                guard access(path, W_OK | X_OK) == 0 else {
                    throw Issue(path, cannot: "write to the folder")
                }
                return
            }
        case .file:
            guard !isFolder, !endsInSlash else {
                throw Issue(.exists, .path(path), found: "a folder", allowed: "a file or a new name")
            }
            return try AtomicFile.requireWritable(path)
        }
        try requireParent()
    }

    /// Refuses a place that is the very file, or folder, that is read.
    public func requireApart(from source: String) throws {
        var (own, other) = (stat(), stat())
        guard stat(path, &own) == 0, stat(source, &other) == 0 else { return }
        guard (own.st_dev, own.st_ino) != (other.st_dev, other.st_ino) else {
            throw Issue(.mismatch, .path(path), found: "the model that is read", allowed: "another file")
        }
    }

    /// Folders that are missing on the way are made later; the nearest that is there must allow it.
    private func requireParent() throws {
        var folder = AtomicFile.containingFolder(of: path)
        var status = stat()
        while stat(folder, &status) != 0, lstat(folder, &status) != 0, folder != "/", folder != "." {
            folder = AtomicFile.containingFolder(of: folder)
        }
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Issue(.inaccessible, .path(path), advice: "cannot be created: \(folder) is no folder")
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw Issue(path, cannot: "be created in \(folder)")
        }
    }
}
