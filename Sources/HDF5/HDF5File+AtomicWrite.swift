import CHDF5
import Foundation

extension HDF5File {
    /// Writes a whole file so that `path` holds either what it held before or all of the new
    /// content, even if the process or the machine dies half-way.
    ///
    ///     try HDF5File.write(atomicallyTo: "checkpoint.h5") { root in
    ///         try root.write("parameters", parameters)
    ///     }
    ///
    /// The content goes to a temporary file in the same folder, which is synced and renamed; the
    /// folder is synced after that. If anything throws, the temporary file is removed.
    ///
    /// - Parameter beforeReplacing: is given the path of the temporary file once it is closed.
    /// - Throws: `Issue`, or what `body` and `beforeReplacing` throw.
    public static func write(
        atomicallyTo path: String, beforeReplacing: (_ temporaryPath: String) throws -> Void = { _ in },
        _ body: (HDF5Group) throws -> Void
    ) throws {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent()
        let temporary = folder.appendingPathComponent(".\(target.lastPathComponent).\(UUID().uuidString).tmp")
            .path
        let operation = Operation(file: path, action: "replace the file")
        do {
            let file = try create(at: temporary, path: path, latestFormat: false, replacing: false)
            do {
                try body(try file.root)
            } catch {
                try? file.close()
                throw error
            }
            try file.close()
            try beforeReplacing(temporary)
            try synchronize(temporary, for: operation)
            guard rename(temporary, path) == 0 else {
                throw operation.error(.inaccessible, "renaming \(temporary) failed: \(systemMessage())")
            }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronize(folder.path, for: operation)
    }
}

/// Waits until a file, or the entries of a folder, are on disk.
private func synchronize(_ path: String, for operation: Operation) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else {
        throw operation.error(.inaccessible, "opening \(path) to sync it failed: \(systemMessage())")
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
        throw operation.error(.inaccessible, "syncing \(path) failed: \(systemMessage())")
    }
}

private func systemMessage() -> String {
    String(cString: strerror(errno))
}
