import CZlib
import Foundation
import Levels

/// The contents of a file of data: a plain or a gzipped file, or what comes out of a pipe.
enum DataFile {
    /// What a file may be, decompressed.
    private static let mostBytes = 1 << 30

    /// UTF-8 text; `\r\n` becomes `\n`, and a byte order mark is left out.
    /// - Throws: `Issue` for a file that cannot be read, is damaged, or is no text.
    static func text(_ path: String) throws -> String {
        let data = try contents(path)
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Issue(.malformed, .path(path), found: "bytes that are not UTF-8", allowed: "UTF-8 text")
        }
        let unmarked =
            text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        return unmarked.replacing("\r\n", with: "\n")
    }

    private static func contents(_ path: String) throws -> Data {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw Issue(
                FileManager.default.fileExists(atPath: path) ? .inaccessible : .missing, .path(path),
                advice: "cannot be read: no such file, or no permission")
        }
        defer { try? file.close() }
        do {
            let data = try file.readToEnd() ?? Data()
            return data.starts(with: [0x1F, 0x8B]) ? try decompressed(data, path) : data
        } catch let issue as Issue {
            throw issue
        } catch {
            throw Issue(.inaccessible, .path(path), advice: "cannot be read: \(error.localizedDescription)")
        }
    }

    /// The contents of gzip's members, one after the other (RFC 1952).
    private static func decompressed(_ data: Data, _ path: String) throws -> Data {
        var stream = z_stream()
        guard CZlib_beginGzip(&stream) == Z_OK else {
            throw Issue(.inaccessible, .path(path), advice: "no memory to decompress it")
        }
        defer { inflateEnd(&stream) }
        var source = Array(data)
        var result = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        let count = source.count
        let isWhole = source.withUnsafeMutableBufferPointer { source in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(clamping: count)
            while true {
                let (status, made) = buffer.withUnsafeMutableBufferPointer { target in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    return (status, target.count - Int(stream.avail_out))
                }
                result.append(contentsOf: buffer.prefix(made))
                guard status == Z_OK || status == Z_STREAM_END, result.count <= mostBytes else {
                    return false
                }
                if status == Z_STREAM_END {
                    guard stream.avail_in > 0 else { return true }
                    inflateReset(&stream)
                } else if stream.avail_in == 0, made == 0 {
                    return false
                }
            }
        }
        guard isWhole else {
            throw Issue(
                .malformed, .path(path),
                found: result.count > mostBytes
                    ? "more than \(mostBytes) bytes, decompressed" : "damaged gzip",
                allowed: "gzip of at most \(mostBytes) bytes")
        }
        return result
    }
}
