import Foundation
import HDF5
import Levels
import Testing

/// Rows appended by one process while others read.
@Suite struct SWMRTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("trace.h5")
    }

    private static func startTrace(_ path: String) throws -> (file: HDF5File, rows: HDF5Dataset) {
        let file = try HDF5File.create(path: path, latestFormat: true)
        let root = try file.root
        try root.setAttribute("schema", "secateur.trace/1")
        try root.writeStrings("layers", ["query", "schlüssel"])
        let rows = try root.createExtendible("rows", of: Float.self, rowShape: [2], chunkRows: 4)
        try rows.setAttribute("unit", "ms")
        try file.startSWMRWrite()
        return (file, rows)
    }

    @Test func aReaderInThisProcessSeesFlushedRows() throws {
        let (file, rows) = try Self.startTrace(path)
        let reader = try HDF5File.open(path: path, mode: .swmrRead)
        let seen = try reader.root.dataset("rows")
        #expect(try seen.shape == [0, 2])
        for step in 1...10 {
            try rows.append([Float(step), Float(-step)])
            try rows.flush()
            #expect(try seen.shape == [step, 2])
            #expect(try seen.readRows(step - 1..<step, as: Float.self) == [Float(step), Float(-step)])
        }
        try reader.close()
        try rows.append([11, -11] as [Float])
        try file.close()
        #expect(try HDF5File.open(path: path, mode: .readOnly).root.dataset("rows").shape == [11, 2])
    }

    @Test func aReaderInAnotherProcessSeesFlushedRows() async throws {
        let (file, rows) = try Self.startTrace(path)
        try rows.append((0..<20).map { Float($0) })
        try rows.flush()
        await #expect(processExitsWith: .success) { [path = path as String] in
            let root = try HDF5File.open(path: path, mode: .swmrRead).root
            #expect(try root.dataset("rows").read(as: Float.self) == (0..<20).map { Float($0) })
            #expect(try root.dataset("rows").attribute("unit") == "ms")
            #expect(try root.readStrings("layers") == ["query", "schlüssel"])
        }
        try rows.append([20, 21] as [Float])
        try file.close()
    }

    /// The child polls while this process appends, which waits for it now and then: however busy the machine
    /// is, the child sees the file grow.
    @Test func aReaderInAnotherProcessFollowsTheWriter() async throws {
        let (file, rows) = try Self.startTrace(path)
        async let child = #expect(processExitsWith: .success) { [path = path as String] in
            let seen = try HDF5File.open(path: path, mode: .swmrRead).root.dataset("rows")
            var counts: Set<Int> = []
            var count = 0
            while count < 200 {
                count = try seen.shape[0]
                counts.insert(count)
                let values = try seen.readRows(0..<count, as: Float.self)
                let expected = (0..<2 * count).map { Float($0 / 2) }
                #expect(values == expected)
                for mark in [0, 50, 100] where count >= mark {
                    _ = FileManager.default.createFile(atPath: "\(path).seen-\(mark)", contents: nil)
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(counts.count > 2)
        }
        let patience = Date(timeIntervalSinceNow: 600)
        for step in 0..<200 {
            if [0, 50, 100].contains(step) {
                let seen = "\(path).seen-\(step)"
                while !FileManager.default.fileExists(atPath: seen), Date() < patience {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            try rows.append([Float(step), Float(step)])
            try rows.flush()
            try await Task.sleep(for: .milliseconds(step < 100 ? 2 : 0))
        }
        _ = await child
        try file.close()
    }

    @Test func onlyRowsAreAddedAfterTheStart() throws {
        let (file, rows) = try Self.startTrace(path)
        let root = try file.root
        for attempt in [
            { _ = try root.createGroup("late") },
            { try root.write("late", [1] as [Float]) },
            { try root.writeStrings("late", ["a"]) },
            { try rows.setAttribute("late", 1) },
            { try root.setAttribute("schema", "late") },
        ] {
            #expect(failure(attempt)?.advice?.contains("SWMR writing has started") == true)
        }
        try file.close()
    }

    @Test func theOldFormatCannotStart() throws {
        let file = try HDF5File.create(path: path)
        let error = failure { try file.startSWMRWrite() }
        #expect(error?.advice?.contains("latestFormat") == true)
        #expect(error?.advice?.contains("(HDF5: ") == true)
    }

    @Test func aTraceIsContinuedAfterClosing() throws {
        let (first, rows) = try Self.startTrace(path)
        try rows.append([1, 2] as [Float])
        try first.close()
        let second = try HDF5File.open(path: path, mode: .readWrite)
        let more = try second.root.dataset("rows")
        try second.startSWMRWrite()
        try more.append([3, 4] as [Float])
        try second.close()
        let values = try HDF5File.open(path: path, mode: .readOnly).root.dataset("rows").read(as: Float.self)
        #expect(values == [1, 2, 3, 4])
    }

    @Test(arguments: [1, 50, 3000]) func aFileOfAKilledWriterIsRefusedUntilMended(count: Int) async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, count = count as Int] in
            let (_, rows) = try Self.startTrace(path)
            for step in 0..<count {
                try rows.append([Float(step), Float(step)])
                try rows.flush()
            }
            try rows.append([-1, -1] as [Float])
            kill(getpid(), SIGKILL)
        }
        for mode in [HDF5File.OpenMode.readOnly, .readWrite] {
            let error = failure { _ = try HDF5File.open(path: path, mode: mode) }
            #expect(error?.code == .busy && error?.advice?.contains("clearStatusFlags") == true)
            #expect(error?.advice?.contains("(HDF5: ") == true)
        }
        try HDF5File.clearStatusFlags(path: path)
        let file = try HDF5File.open(path: path, mode: .readWrite)
        let rows = try file.root.dataset("rows")
        let flushed = try rows.shape[0]
        #expect(flushed >= count)
        let expected = (0..<2 * count).map { Float($0 / 2) }
        #expect(try rows.readRows(0..<count, as: Float.self) == expected)
        try file.startSWMRWrite()
        try rows.append([7, 8] as [Float])
        try file.close()
        let values = try HDF5File.open(path: path, mode: .readOnly).root.dataset("rows").read(as: Float.self)
        #expect(values.suffix(2) == [7, 8])
    }

    @Test func aFileThatIsNotMarkedStaysAsItIs() throws {
        try writeSample(to: path, latestFormat: true)
        try HDF5File.clearStatusFlags(path: path)
        #expect(try HDF5File.open(path: path, mode: .readOnly).root.names == ["layers", "rows"])
        #expect(throws: Levels.Issue.self) { try HDF5File.clearStatusFlags(path: folder.file("none.h5")) }
    }
}
