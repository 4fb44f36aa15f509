import Foundation
import HDF5
import Levels
import Testing

@Suite struct AtomicWriteTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("checkpoint.h5")
    }

    private struct Interruption: Error {}

    @Test func replacesTheFile() throws {
        for step in [1, 2] {
            try HDF5File.write(atomicallyTo: path) { try $0.setAttribute("step", step) }
            #expect(try HDF5File.open(path: path, mode: .readOnly).root.attribute("step") == step)
        }
        #expect(try folder.entries == ["checkpoint.h5"])
    }

    @Test func aBodyThatThrowsChangesNothing() throws {
        try HDF5File.write(atomicallyTo: path) { try $0.setAttribute("step", 1) }
        #expect(throws: Interruption.self) {
            try HDF5File.write(atomicallyTo: path) { root in
                try root.write("parameters", [Float](repeating: 1, count: 1000))
                throw Interruption()
            }
        }
        #expect(try folder.entries == ["checkpoint.h5"])
        #expect(try HDF5File.open(path: path, mode: .readOnly).root.attribute("step") == 1)
    }

    @Test func errorsNameTheTargetNotTheTemporaryFile() throws {
        let error = failure {
            try HDF5File.write(atomicallyTo: path) { _ = try $0.dataset("missing") }
        }
        #expect(error?.subject == .path(path))
        #expect(error?.field == "/missing" && error?.code == .missing)
        #expect(try folder.entries == [])
    }

    @Test func aFolderThatIsMissing() throws {
        let error = failure { try HDF5File.write(atomicallyTo: folder.file("none/a.h5")) { _ in } }
        #expect(error?.description.contains("none/a.h5") == true)
    }

    @Test func aGroupKeptBeyondTheBodyIsClosed() throws {
        var kept: HDF5Group?
        try HDF5File.write(atomicallyTo: path) { kept = $0 }
        #expect(throws: Levels.Issue.self) { try kept?.names }
    }
}
