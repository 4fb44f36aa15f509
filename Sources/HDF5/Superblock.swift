import Foundation

/// The first bytes of a file, read without the library, to say in plain words why it refuses one.
///
/// Layout: "HDF5 File Format Specification", section II.A, Format Signature and Superblock.
enum Superblock {
    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    private static let versionOffset = 8
    private static let consistencyFlagsOffset = 11

    /// The reason why a file cannot be opened, or `nil` if only the library knows it.
    static func reasonNotToOpen(path: String) -> Operation.Reason? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return .init(code: .missing, words: "no such file")
        }
        if isFolder.boolValue {
            return .init(code: .malformed, words: "it is a folder")
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return .init(code: .inaccessible, words: "no permission to read it")
        }
        defer { try? handle.close() }
        let bytes = [UInt8]((try? handle.read(upToCount: 12)) ?? Data())
        if bytes.isEmpty {
            return .init(code: .malformed, words: "it is empty")
        }
        guard bytes.starts(with: signature) else {
            return .init(
                code: .malformed, words: "not an HDF5 file: it does not begin with the HDF5 signature")
        }
        guard isMarkedAsBeingWritten(bytes) else { return nil }
        return .init(
            code: .busy,
            words: "it is marked as being written to; if its writer has died, "
                + "HDF5File.clearStatusFlags repairs it")
    }

    /// Whether the file has the mark of a writer.
    static func isMarkedAsBeingWritten(path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        let bytes = [UInt8]((try? handle.read(upToCount: 12)) ?? Data())
        return bytes.starts(with: signature) && isMarkedAsBeingWritten(bytes)
    }

    /// Only superblock version 3 has consistency flags; bit 0 is a writer, bit 2 an SWMR writer.
    private static func isMarkedAsBeingWritten(_ bytes: [UInt8]) -> Bool {
        bytes.count > consistencyFlagsOffset && bytes[versionOffset] == 3
            && bytes[consistencyFlagsOffset] & 0b101 != 0
    }
}
