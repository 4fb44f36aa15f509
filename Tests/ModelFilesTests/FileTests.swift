import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct MemoryMappedFileTests {
    @Test func bytes() throws {
        let folder = try TemporaryFolder()
        let file = try MemoryMappedFile(path: folder.file(Data([1, 2, 3])))
        #expect(file.count == 3)
        #expect(file.withUnsafeBytes { Array($0) } == [1, 2, 3])
    }

    @Test func whatCannotBeMapped() throws {
        let folder = try TemporaryFolder()
        func message(_ path: String) -> String? {
            #expect(throws: Levels.Issue.self) { try MemoryMappedFile(path: path) }?.description
                .replacing("\(path): ", with: "")
        }
        #expect(message(folder.path) == "found something that is not a regular file, allowed a file")
        #expect(message("/dev/null") == "found something that is not a regular file, allowed a file")
        #expect(message("\(folder.path)/none") == "cannot open for reading: No such file or directory")
        #expect(message(try folder.file(Data())) == "found an empty file, allowed at least 1 byte")
    }
}

@Suite struct AtomicFileTests {
    @Test func replacesWithoutLeavingAnythingElse() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Data("old".utf8), name: "file")
        try AtomicFile.write(Data("new".utf8), to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        try AtomicFile.write(Data(), to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }

    @Test func onlyFilesAreReplaced() throws {
        let folder = try TemporaryFolder()
        let (pipe, link) = ("\(folder.path)/pipe", "\(folder.path)/link")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: Levels.Issue.self) { try AtomicFile.write(Data(), to: pipe) }
        #expect(throws: Levels.Issue.self) { try AtomicFile.requireWritable(pipe) }
        #expect(throws: Levels.Issue.self) { try AtomicFile.requireWritable("\(folder.path)/none/file") }
        let path = try folder.file(Data("old".utf8), name: "file")
        #expect(symlink("file", link) == 0)
        try AtomicFile.write(Data("new".utf8), to: link)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "file")
    }

    @Test func failureKeepsTheOldFile() throws {
        struct Interruption: Error {}
        let folder = try TemporaryFolder()
        let path = try folder.file(Data("old".utf8), name: "file")
        #expect(throws: Interruption.self) {
            try AtomicFile.write(to: path) { temporaryPath in
                try "half".write(toFile: temporaryPath, atomically: false, encoding: .utf8)
                throw Interruption()
            }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }

    @Test func foldersThatCannotBeWritten() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file(Data("x".utf8), name: "file")
        let cases: [(path: String, code: Levels.Issue.Code, reason: String)] = [
            ("\(folder.path)/none/file", .missing, "cannot create: No such file or directory"),
            ("\(file)/below", .missing, "cannot create: Not a directory"),
            (folder.path, .exists, "cannot replace: Is a directory"),
        ]
        for (path, code, reason) in cases {
            let error = #expect(throws: Levels.Issue.self) { try AtomicFile.write(Data(), to: path) }
            #expect(error?.subject == .path(path) && error?.code == code && error?.advice == reason)
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func folderWithoutPermission() throws {
        let folder = try TemporaryFolder()
        #expect(chmod(folder.path, 0o500) == 0)
        defer { chmod(folder.path, 0o700) }
        let path = "\(folder.path)/file"
        let error = #expect(throws: Levels.Issue.self) { try AtomicFile.write(Data(), to: path) }
        #expect(error?.description == "\(path): cannot create: Permission denied")
    }
}

@Suite struct FileDigestTests {
    /// Vectors of FIPS 180-4's example papers and the NIST test suite.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func publishedVectors(text: String, digest: String) throws {
        #expect(FileDigest.sha256(Data(text.utf8)) == digest)
        let folder = try TemporaryFolder()
        #expect(try FileDigest.sha256(path: folder.file(Data(text.utf8))) == digest)
    }

    @Test func aMillionTimesA() {
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(FileDigest.sha256(Data(repeating: UInt8(ascii: "a"), count: 1_000_000)) == expected)
    }

    @Test(arguments: [1, 63, 64, 65, 127, 1_000])
    func piecesGiveTheSameDigestAsTheWhole(pieceByteCount: Int) {
        let bytes = (0..<3_000).map { UInt8(truncatingIfNeeded: $0) }
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
            bytes[start..<min(start + pieceByteCount, bytes.count)].withUnsafeBytes { hash.update($0) }
        }
        #expect(hash.finalize() == FileDigest.sha256(Data(bytes)))
    }

    /// Lengths around the padding's edges, against the system's own tool.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sha256sum"), "needs sha256sum"))
    func equalsTheSystemsTool() throws {
        let folder = try TemporaryFolder()
        for byteCount in [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 1_048_575, 1_048_577] {
            let path = try folder.file(Data((0..<byteCount).map { UInt8(truncatingIfNeeded: $0 * 31) }))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
            process.arguments = [path]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let line = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(try line.hasPrefix(FileDigest.sha256(path: path)), "\(byteCount) bytes")
        }
    }

    @Test func missingFile() {
        #expect(throws: Levels.Issue.self) { try FileDigest.sha256(path: "/nowhere/file") }
    }
}
