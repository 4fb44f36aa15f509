import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct OutputPathTests {
    private func refuses(_ path: String, _ kind: OutputPath.Kind, _ says: String) {
        let error = #expect(throws: Levels.Issue.self) { try OutputPath(path).require(kind) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? path)")
    }

    @Test func slashesAtTheEndAreNoPartOfTheName() throws {
        #expect(
            OutputPath("a/b//").path == "a/b" && OutputPath("/").path == "/" && OutputPath("a").path == "a")
        let folder = try TemporaryFolder()
        try OutputPath("\(folder.path)/new/").require(.newFolder)
        try OutputPath("\(folder.path)/").require(.folder)
        refuses("\(folder.path)/new/", .file, "found a folder, allowed a file")
    }

    @Test func aNameThatIsTakenIsNoNewFolder() throws {
        let folder = try TemporaryFolder()
        let file = try folder.file(Data("old".utf8), name: "file")
        #expect(symlink("nowhere", "\(folder.path)/dangling") == 0)
        for name in ["file", "dangling", "."] {
            refuses("\(folder.path)/\(name)", .newFolder, "already exists")
        }
        refuses(file, .folder, "something else than a folder")
        refuses(folder.path, .file, "found a folder")
        refuses("", .newFolder, "no name")
        try OutputPath(file).require(.file)
    }

    @Test func whatIsReadIsNotWritten() throws {
        let folder = try TemporaryFolder()
        let model = try folder.file(Data(), name: "model")
        #expect(symlink("model", "\(folder.path)/link") == 0)
        for name in ["model", "link", "./model"] {
            #expect(throws: Levels.Issue.self) {
                try OutputPath("\(folder.path)/\(name)").requireApart(from: model)
            }
        }
        try OutputPath("\(folder.path)/new").requireApart(from: model)
    }

    @Test(arguments: [OutputPath.Kind.newFolder, .folder, .file])
    func aPlaceThatCannotBeWrittenTo(_ kind: OutputPath.Kind) throws {
        let folder = try TemporaryFolder()
        let file = try folder.file(Data(), name: "file")
        // Folders on the way to a folder are made; a file goes where a folder is.
        if kind == .file {
            refuses("\(folder.path)/none/new", kind, "none/new: cannot be")
        } else {
            try OutputPath("\(folder.path)/none/new").require(kind)
        }
        refuses("\(file)/new", kind, "file/new: cannot be")
        guard getuid() != 0 else { return }
        #expect(chmod(folder.path, 0o500) == 0)
        refuses("\(folder.path)/new", kind, "cannot")
        #expect(chmod(folder.path, 0o700) == 0)
    }
}

@Suite struct PlainFileTests {
    @Test func aCopyIsAFileOfItsOwn() throws {
        let folder = try TemporaryFolder()
        let source = try folder.file(Data("content".utf8), name: "source")
        #expect(chmod(source, 0o400) == 0)
        #expect(symlink("source", "\(folder.path)/link") == 0)
        let copy = "\(folder.path)/copy"
        try PlainFile.copy("\(folder.path)/link", to: copy)
        try AtomicFile.write("changed", to: copy)
        #expect(try String(contentsOfFile: source, encoding: .utf8) == "content")
        var status = stat()
        #expect(lstat(copy, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
        #expect(status.st_mode & S_IWUSR != 0)
    }

    @Test func whatCannotBeCopiedLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let source = try folder.file(Data(), name: "source")
        #expect(symlink("nowhere", "\(folder.path)/dangling") == 0)
        for name in ["dangling", ".", "none"] {
            let error = #expect(throws: Levels.Issue.self) {
                try PlainFile.copy("\(folder.path)/\(name)", to: "\(folder.path)/copy")
            }
            #expect(error?.subject == .path("\(folder.path)/\(name)"))
        }
        #expect(throws: Levels.Issue.self) { try PlainFile.copy(source, to: source) }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/copy"))
    }

    @Test func foldersAreWalkedThroughLinksButNotForEver() throws {
        let folder = try TemporaryFolder()
        try PlainFile.makeFolder("\(folder.path)/a/b")
        try AtomicFile.write("", to: "\(folder.path)/a/b/c")
        #expect(symlink("a", "\(folder.path)/link") == 0)
        #expect(try PlainFile.paths(below: folder.path) == ["a/b/c", "link/b/c"])
        #expect(symlink("..", "\(folder.path)/a/up") == 0)
        #expect(throws: Levels.Issue.self) { try PlainFile.paths(below: folder.path) }
    }
}
