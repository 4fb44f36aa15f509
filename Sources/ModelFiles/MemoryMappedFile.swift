import Foundation
import Levels

/// A file's bytes, mapped read-only: pages are read when they are touched and shared with other processes.
///
///     let file = try MemoryMappedFile(path: "model.safetensors")
///     let first = file.withUnsafeBytes { $0[0] }
///
/// The file must not be shortened while it is mapped; files written by ``AtomicFile`` never are,
/// because a rename leaves the mapped file as it was.
public final class MemoryMappedFile: Sendable {
    /// The path as the caller gave it.
    public let path: String
    /// The file's size in bytes; at least one.
    public let count: Int
    // Safe to share: the pages are read-only for this object's whole life and unmapped only in deinit.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer

    /// Maps a file.
    /// - Throws: `Issue` when the file is missing, empty, a folder or cannot be mapped.
    public init(path: String) throws {
        let file = try FileDescriptor(reading: path)
        let count = try file.byteCount()
        guard count > 0 else {
            throw Issue(.malformed, .path(path), found: "an empty file", allowed: "at least 1 byte")
        }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, file.number, 0)
        guard let address, address != MAP_FAILED else {
            throw Issue(path, cannot: "map into memory")
        }
        self.path = path
        self.count = count
        base = address
    }

    deinit { munmap(base, count) }

    /// Calls `body` with all bytes; the pointer must not outlive the call.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) {
            try body(UnsafeRawBufferPointer(start: base, count: count))
        }
    }
}
