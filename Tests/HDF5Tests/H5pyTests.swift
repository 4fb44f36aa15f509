import Foundation
import HDF5
import Testing

/// What h5py makes of our files, where `python3` has it.
@Suite(.enabled(if: Python.hasH5py, "python3 has no h5py")) struct H5pyTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("python.h5")
    }

    @Test func readsStringsAndAttributes() throws {
        try writeSample(to: path, latestFormat: false)
        let output = try Python.run(
            """
            import h5py, sys
            with h5py.File(sys.argv[1]) as f:
                print(f['layers/names'].asstr()[:].tolist())
                print(type(f.attrs['schema']).__name__, f.attrs['schema'], f.attrs['seeds'].tolist())
                print(f['layers/weights'].dtype, f['layers/weights'].shape, f['layers/weights'][1].tolist())
            """, path)
        #expect(
            output == """
                ['query', 'schlüssel', '値']
                str secateur.test/1 [1, 2, 3]
                float32 (4, 6) [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]

                """)
    }

    @Test func readsATraceWhileItIsAppendedTo() throws {
        let file = try HDF5File.create(path: path, latestFormat: true)
        let rows = try file.root.createExtendible("reward", of: Float.self, rowShape: [], chunkRows: 4)
        try file.startSWMRWrite()
        for count in 1...3 {
            try rows.append([Float(count)])
            try rows.flush()
            let output = try Python.run(
                """
                import h5py, sys
                with h5py.File(sys.argv[1], 'r', libver='latest', swmr=True) as f:
                    print(f['reward'][:].tolist())
                """, path)
            #expect(output == "\((1...count).map { Double($0) })\n")
        }
        try file.close()
    }

    @Test func itsFixedLengthStringsAreRead() throws {
        _ = try Python.run(
            """
            import h5py, numpy, sys
            with h5py.File(sys.argv[1], 'w') as f:
                f['fixed'] = numpy.array([b'query', b'key'])
                f['compressed'] = f.create_dataset('c', data=numpy.zeros(100000), compression='gzip')
                f['empty'] = h5py.Empty('f4')
                f['flags'] = numpy.array([True, False])
                f.attrs['fixed'] = numpy.bytes_('MiniLM')
                f.attrs['count'] = numpy.int32(7)
            """, path)
        let root = try HDF5File.open(path: path, mode: .readOnly).root
        #expect(try root.readStrings("fixed") == ["query", "key"])
        #expect(try root.attribute("fixed") == "MiniLM")
        #expect(try root.attribute("count") == 7)
        #expect(try root.dataset("compressed").read(as: Float.self) == [Float](repeating: 0, count: 100_000))
        #expect(
            failure { _ = try root.dataset("empty").read(as: Float.self) }?.found?.contains("null") == true)
        #expect(
            failure { _ = try root.dataset("flags").read(as: Float.self) }?.found?.contains("enum") == true)
    }
}

private enum Python {
    /// Debian's own comes first: `scripts/setup-system.sh test` installs h5py for it.
    private static let program = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        (try? run("import h5py", with: $0)) != nil
    }
    static let hasH5py = program != nil

    struct Failure: Error {
        let status: Int32
    }

    static func run(_ script: String, _ arguments: String...) throws -> String {
        try run(script, arguments, with: program ?? "/usr/bin/python3")
    }

    private static func run(_ script: String, _ arguments: [String] = [], with program: String) throws
        -> String
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-c", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(status: process.terminationStatus)
        }
        return String(decoding: data, as: UTF8.self)
    }
}
