import Foundation
import Levels

/// Tells a damaged file from one as it was written: the SHA-256 of a file's content, put behind it.
///
/// Formats that say where their content ends, as HDF5 does, are read as before by other tools.
///
///     [content] "secateur.sha256\n" [32 bytes of digest]
public enum FileSeal {
    /// What is found behind a file's content.
    public enum State: Sendable, Equatable {
        /// The digest of the content.
        case intact
        /// The digest of other content.
        case broken
        /// Nothing of the kind.
        case missing
    }

    private static let mark = Data("secateur.sha256\n".utf8)
    private static let digestBytes = 32

    /// Puts the digest of a file's content behind it.
    /// - Throws: `Issue` when the file cannot be read or written.
    public static func append(to path: String) throws {
        let content = try contents(path)
        guard let file = FileHandle(forUpdatingAtPath: path) else {
            throw Issue(path, cannot: "open")
        }
        do {
            try file.seekToEnd()
            try file.write(contentsOf: mark + digest(content))
            try file.close()
        } catch {
            throw Issue(
                .inaccessible, .path(path), advice: "cannot be written: \(error.localizedDescription)")
        }
    }

    /// What is behind a file's content.
    /// - Throws: `Issue` when the file cannot be read.
    public static func state(of path: String) throws -> State {
        let bytes = try contents(path)
        let end = bytes.count - mark.count - digestBytes
        guard end >= 0, bytes[end..<end + mark.count] == mark else { return .missing }
        return bytes.suffix(digestBytes) == digest(bytes.prefix(end)) ? .intact : .broken
    }

    /// Refuses a file whose content is not what was sealed.
    /// - Throws: `Issue`.
    public static func require(_ path: String) throws {
        switch try state(of: path) {
        case .intact: return
        case .broken:
            throw Issue(
                .malformed, .path(path), advice: "damaged: its content is not what its digest was made of")
        case .missing:
            throw Issue(
                .malformed, .path(path), advice: "damaged: found no digest at its end: it was cut off")
        }
    }

    private static func contents(_ path: String) throws -> Data {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Issue(.missing, .path(path), advice: "no such file")
        }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw Issue(.inaccessible, .path(path), advice: "cannot be read: \(error.localizedDescription)")
        }
    }

    private static func digest(_ content: Data) -> Data {
        let hexadecimal = Array(FileDigest.sha256(content).utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 58 ? digit - 48 : digit - 87 }
        return Data(
            stride(from: 0, to: hexadecimal.count, by: 2).map {
                value(hexadecimal[$0]) << 4 | value(hexadecimal[$0 + 1])
            })
    }
}
