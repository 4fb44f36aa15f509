import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct NewFolderTests {
    private struct Stopped: Error {}

    @Test func aFolderAppearsWithAllThatIsInIt() throws {
        let scratch = try TemporaryFolder()
        let folder = "\(scratch.path)/above/model"
        try NewFolder.write(to: folder) { inside in
            try AtomicFile.write(Data("text".utf8), to: "\(inside)/file")
            #expect(!FileManager.default.fileExists(atPath: folder))
        }
        #expect(FileManager.default.contents(atPath: "\(folder)/file") == Data("text".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/above") == ["model"])
    }

    @Test func nothingAppearsOfAFolderThatFails() throws {
        let scratch = try TemporaryFolder()
        #expect(throws: Stopped.self) {
            try NewFolder.write(to: "\(scratch.path)/model") { inside in
                try AtomicFile.write(Data("text".utf8), to: "\(inside)/file")
                throw Stopped()
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func whatIsThereStays() throws {
        let scratch = try TemporaryFolder()
        let file = try scratch.file(Data("old".utf8), name: "model")
        #expect(throws: Levels.Issue.self) { try NewFolder.write(to: file) { _ in } }
        #expect(FileManager.default.contents(atPath: file) == Data("old".utf8))
    }
}
