import Foundation
import HDF5
import Testing

@Suite struct ErrorTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("errors.h5")
    }

    /// Expects one line that names the file, and the given facts.
    private func expect(_ facts: String..., from body: () throws -> Void) {
        guard let line = failure(body)?.description else { return }
        #expect(!line.contains("\n"))
        for fact in ["errors.h5"] + facts {
            #expect(line.contains(fact), "\(line)")
        }
    }

    @Test func aFileThatCannotBeOpened() throws {
        expect("could not open", "no such file", "HDF5: ") {
            _ = try HDF5File.open(path: path, mode: .readOnly)
        }
        try Data().write(to: URL(fileURLWithPath: path))
        expect("empty") { _ = try HDF5File.open(path: path, mode: .readOnly) }
        try Data("{\"a\": 1}".utf8).write(to: URL(fileURLWithPath: path))
        expect("not an HDF5 file") { _ = try HDF5File.open(path: path, mode: .readWrite) }
        let folderPath = folder.file("errors.h5.d")
        try FileManager.default.createDirectory(atPath: folderPath, withIntermediateDirectories: true)
        expect("folder") { _ = try HDF5File.open(path: folderPath, mode: .readOnly) }
        expect("could not create") { _ = try HDF5File.create(path: "\(path)/below") }
    }

    /// A program started while a file was open inherits it, and with it the lock of the library.
    @Test func aFileThatWasClosedIsFreeForAll() throws {
        let file = try HDF5File.create(path: path)
        var child = pid_t()
        let arguments = [strdup("sleep"), strdup("60"), nil]
        defer { arguments.forEach { free($0) } }
        #expect(posix_spawn(&child, "/bin/sleep", nil, nil, arguments, nil) == 0)
        defer {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        #expect(try isLocked)
        try file.close()
        #expect(try !isLocked)
    }

    private var isLocked: Bool {
        get throws {
            let handle = try #require(FileHandle(forReadingAtPath: path))
            return flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) != 0
        }
    }

    @Test func aTruncatedFile() throws {
        try writeSample(to: path, latestFormat: true)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count - 1).write(to: URL(fileURLWithPath: path))
        expect("truncated file") { _ = try HDF5File.open(path: path, mode: .readOnly) }
    }

    @Test func whatIsNotThere() throws {
        try writeSample(to: path, latestFormat: false)
        let root = try HDF5File.open(path: path, mode: .readOnly).root
        expect("/layers/bias", "open the dataset", "HDF5: ") { _ = try root.group("layers").dataset("bias") }
        expect("/heads", "open the group") { _ = try root.group("heads") }
        expect("/layers/names", "open the group") { _ = try root.group("layers/names") }
        expect("/rows", "\"seed\"", "none of this name") {
            _ = try root.dataset("rows").attribute("seed", as: Int.self)
        }
    }

    @Test func whatIsOfAnotherKind() throws {
        try writeSample(to: path, latestFormat: false)
        let root = try HDF5File.open(path: path, mode: .readOnly).root
        expect("/layers/names", "read as Float", "strings") {
            _ = try root.dataset("layers/names").read(as: Float.self)
        }
        expect("/layers/weights", "read as strings", "reals") { _ = try root.readStrings("layers/weights") }
        expect("\"schema\"", "text", "Int") { _ = try root.attribute("schema", as: Int.self) }
        expect("\"seeds\"", "integers (3)", "Double") { _ = try root.attribute("seeds", as: Double.self) }
        expect("/rows", "rows 5..<11", "[10, 2]") {
            _ = try root.dataset("rows").readRows(5..<11, as: Double.self)
        }
    }

    @Test func whatCannotBeWritten() throws {
        let file = try HDF5File.create(path: path)
        let root = try file.root
        try root.write("taken", [1, 2] as [Float])
        expect("/taken", "write 1 values", "already exists") { try root.write("taken", [1] as [Float]) }
        expect("/matrix", "[2, 2]", "4 values") { try root.write("matrix", [1] as [Float], shape: [2, 2]) }
        expect("/matrix", "impossible") { try root.write("matrix", [1] as [Float], shape: [-1]) }
        expect("/names", "NUL") { try root.writeStrings("names", ["a\0b"]) }
        expect("found \"\", allowed a name") { _ = try root.createGroup("") }
        expect("allowed positive numbers") {
            _ = try root.createExtendible("rows", of: Float.self, rowShape: [0], chunkRows: 4)
        }
        expect("/taken", "append 1 values") { try root.dataset("taken").append([1] as [Float]) }
        let rows = try root.createExtendible("rows", of: Float.self, rowShape: [2], chunkRows: 4)
        expect("/rows", "append 3 values", "a row has 2 values") { try rows.append([1, 2, 3] as [Float]) }
        #expect(try rows.shape == [0, 2])
        try root.setAttribute("kept", "before")
        expect("\"kept\"", "NUL") { try root.setAttribute("kept", "a\0b") }
        #expect(try root.attribute("kept") == "before")
        try file.close()
        let readOnly = try HDF5File.open(path: path, mode: .readOnly).root
        expect("/new", "HDF5: ") { try readOnly.write("new", [1] as [Float]) }
    }

    @Test func readsBeyondALimit() throws {
        let root = try HDF5File.create(path: path).root
        try root.write("values", [Double](repeating: 1, count: 100))
        let values = try root.dataset("values")
        expect("/values", "100 values", "limit of 799") {
            _ = try values.read(as: Double.self, maximumBytes: 799)
        }
        #expect(try values.read(as: Float.self, maximumBytes: 400).count == 100)
        #expect(try values.readRows(0..<2, as: Double.self, maximumBytes: 16).count == 2)
    }

    @Test func useAfterClosing() throws {
        let file = try HDF5File.create(path: path, latestFormat: true)
        let root = try file.root
        let rows = try root.createExtendible("rows", of: Float.self, rowShape: [], chunkRows: 4)
        try file.close()
        try file.close()
        expect("/rows", "closed") { try rows.append([1] as [Float]) }
        expect("closed") { _ = try root.names }
        expect("closed") { _ = try file.root }
        expect("closed") { try file.flush() }
    }

    @Test func lettingGoOfAFileClosesIt() throws {
        try writeSample(to: path, latestFormat: false)
        for _ in 0..<3 {
            let rows = try HDF5File.open(path: path, mode: .readWrite).root.dataset("rows")
            try rows.append([1, 2] as [Double])
        }
        // Only a file that nobody holds open can be created again.
        _ = try HDF5File.create(path: path)
    }
}
