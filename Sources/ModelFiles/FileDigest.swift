import Foundation

/// SHA-256 of files and data, in lower-case hexadecimal as `sha256sum` prints it.
public enum FileDigest {
    /// The digest of a file's content, read in pieces of 1 MB.
    /// - Throws: `Issue` when the file is missing, a folder or cannot be read.
    public static func sha256(path: String) throws -> String {
        let file = try FileDescriptor(reading: path)
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { return hash.finalize() }
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The digest of texts, a line each.
    public static func sha256(lines: [String]) -> String {
        sha256(Data(lines.joined(separator: "\n").utf8))
    }

    /// The digest of `data`.
    public static func sha256(_ data: Data) -> String {
        var hash = SHA256()
        data.withUnsafeBytes { hash.update($0) }
        return hash.finalize()
    }
}
