import Foundation
import Levels

/// An open file that closes itself; every failure names the file and what was being done.
struct FileDescriptor: ~Copyable {
    /// What errors call it.
    let path: String
    let number: Int32

    /// Opens a regular file for reading.
    ///
    /// - Parameter name: what errors call it; default: its path.
    init(reading path: String, named name: String? = nil) throws {
        let number = try Self.open(path, flags: O_RDONLY, name, action: "open for reading")
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(number)
            throw Issue(
                .malformed, .path(name ?? path), found: "something that is not a regular file",
                allowed: "a file")
        }
        self.path = name ?? path
        self.number = number
    }

    /// Creates a file that must not exist yet.
    init(creating path: String, named name: String? = nil) throws {
        number = try Self.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, name, action: "create")
        self.path = name ?? path
    }

    /// Opens an existing file for writing from its start, emptying it.
    init(rewriting path: String, named name: String? = nil) throws {
        number = try Self.open(path, flags: O_WRONLY | O_TRUNC, name, action: "open for writing")
        self.path = name ?? path
    }

    /// Opens a folder, which is how its entries are made durable.
    init(folder path: String) throws {
        number = try Self.open(path, flags: O_RDONLY | O_DIRECTORY, nil, action: "open the folder")
        self.path = path
    }

    private static func open(_ path: String, flags: Int32, _ name: String?, action: String) throws -> Int32 {
        // O_NONBLOCK: opening a named pipe by mistake must fail its type check, not wait for a writer.
        let number = Foundation.open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o666)
        guard number >= 0 else { throw Issue(name ?? path, cannot: action) }
        return number
    }

    deinit { close(number) }

    /// The file's size.
    func byteCount() throws -> Int {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw Issue(path, cannot: "read its size") }
        return Int(status.st_size)
    }

    /// Reads what comes next into `buffer`; zero bytes mean the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Foundation.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Issue(path, cannot: "read") }
        }
    }

    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Foundation.write(number, part.baseAddress, part.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Issue(path, cannot: "write")
            }
        }
    }

    /// Waits until everything written is on the disk.
    func synchronize() throws {
        guard fsync(number) == 0 else { throw Issue(path, cannot: "flush to the disk") }
    }
}
