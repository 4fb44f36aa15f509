import CHDF5
import Foundation

/// An open HDF5 file.
///
///     let file = try HDF5File.create(path: "table.h5")
///     try file.root.write("latencyMs", [0.5, 0.7] as [Double])
///     try file.root.setAttribute("threads", 2)
///     try file.close()
///
/// Not `Sendable`: a file, and every group and dataset reached from it, belongs to one thread or
/// actor at a time. Different files may be used on different threads at once only if the C library
/// was built thread-safe. Closing the file invalidates everything reached from it: later use
/// throws. A file that is let go of is closed, but then nobody hears of errors, so call `close()`.
public final class HDF5File {
    /// How to open a file that exists.
    public enum OpenMode: Sendable {
        /// For reading; nobody else may be writing.
        case readOnly
        /// For reading and writing, alone.
        case readWrite
        /// For reading while one other process appends (single writer, multiple readers).
        case swmrRead
    }

    /// The path, as it was given.
    public let path: String
    private let raw: hid_t
    private(set) var isClosed = false
    private(set) var isSWMRWriter = false
    let isSWMRReader: Bool

    init(owning raw: hid_t, path: String, isSWMRReader: Bool = false) {
        self.raw = raw
        self.path = path
        self.isSWMRReader = isSWMRReader
    }

    deinit {
        try? close()
    }

    /// Creates a file, replacing one that is there.
    ///
    /// - Parameter latestFormat: Use the newest file format that the library knows, which
    ///   `startSWMRWrite()` needs; otherwise the oldest that will do, which more programs can read.
    /// - Parameter name: What errors call it, where it will be renamed.
    /// - Throws: `Issue`.
    public static func create(path: String, latestFormat: Bool = false, named name: String? = nil) throws
        -> HDF5File
    {
        try create(at: path, path: name ?? path, latestFormat: latestFormat, replacing: true)
    }

    /// - Parameters:
    ///   - location: Where the file is made.
    ///   - path: What errors call it.
    ///   - replacing: Whether a file that is there is replaced, instead of refused.
    static func create(at location: String, path: String, latestFormat: Bool, replacing: Bool) throws
        -> HDF5File
    {
        let operation = Operation(file: path, action: "create the file")
        // The flags open the library, so that they come after its set-up.
        let flags = replacing ? CHDF5_truncate() : CHDF5_exclusive()
        let creation = try operation.creationList(CHDF5_fileCreate())
        let access = try accessList(for: operation)
        if latestFormat {
            try operation.check(CHDF5_setLatestFormat(access.raw))
        }
        let raw = try operation.check(H5Fcreate(location, flags, creation.raw, access.raw))
        return HDF5File(owning: raw, path: path)
    }

    /// Opens a file.
    ///
    /// - Throws: `Issue` if it is missing, is not HDF5, is truncated, or is marked as being
    ///   written to, by a writer that still runs or by one that died (see `clearStatusFlags(path:)`).
    public static func open(path: String, mode: OpenMode) throws -> HDF5File {
        let operation = Operation(file: path, action: "open the file")
        let access = try accessList(for: operation)
        let flags =
            switch mode {
            case .readOnly: CHDF5_readOnly()
            case .readWrite: CHDF5_readWrite()
            case .swmrRead: CHDF5_swmrRead()
            }
        let raw = H5Fopen(path, flags, access.raw)
        guard raw >= 0 else {
            throw operation.failure(known: Superblock.reasonNotToOpen(path: path))
        }
        return HDF5File(owning: raw, path: path, isSWMRReader: mode == .swmrRead)
    }

    /// Clears the mark that a writer which died has left in a file, as `h5clear -s` does.
    ///
    /// Only sound when no writer is running: the library cannot tell a dead one from a live one.
    /// Rows that were flushed are kept.
    ///
    /// - Throws: `Issue`.
    public static func clearStatusFlags(path: String) throws {
        let operation = Operation(file: path, action: "clear the status flags")
        let access = try accessList(for: operation)
        try operation.check(CHDF5_setClearStatusFlags(access.raw))
        let raw = H5Fopen(path, CHDF5_readWrite(), access.raw)
        guard raw >= 0 else {
            throw operation.failure(known: Superblock.reasonNotToOpen(path: path))
        }
        let file = HDF5File(owning: raw, path: path)
        // The superblock of a writer that died may end the file before data that it wrote.
        try operation.check(H5Fincrement_filesize(raw, 0))
        try file.close()
    }

    /// Whether a file is being written to while others may read it, or was when its writer died.
    ///
    /// What is no HDF5 file is not.
    public static func isMarkedAsBeingWritten(path: String) -> Bool {
        Superblock.isMarkedAsBeingWritten(path: path)
    }

    /// The group that holds everything else.
    ///
    /// - Throws: `Issue` if the file was closed, or its root is damaged.
    public var root: HDF5Group {
        get throws {
            let operation = Operation(file: path, object: "/", action: "open the root group")
            let raw = try operation.check(H5Gopen2(try identifier(for: operation), "/", CHDF5_default()))
            return HDF5Group(handle: ObjectHandle(owning: raw, file: self, path: "/"))
        }
    }

    /// Lets readers open the file from now on while rows are being appended to it.
    ///
    /// The file must have been created with `latestFormat`, and all its groups, datasets and
    /// attributes before this call: after it only `append` and `flush` write.
    ///
    /// - Throws: `Issue`.
    public func startSWMRWrite() throws {
        let operation = Operation(file: path, action: "start SWMR writing")
        let raw = try identifier(for: operation)
        guard H5Fstart_swmr_write(raw) >= 0 else {
            let hint = "the file must be open for writing and have been created with latestFormat"
            throw operation.failure(known: .init(code: .unsupported, words: hint))
        }
        isSWMRWriter = true
    }

    /// Hands everything written so far to the operating system.
    ///
    /// - Throws: `Issue`.
    public func flush() throws {
        let operation = Operation(file: path, action: "flush the file")
        try operation.check(H5Fflush(try identifier(for: operation), H5F_SCOPE_GLOBAL))
    }

    /// Writes what is pending and closes the file and everything reached from it.
    ///
    /// Closing again does nothing.
    ///
    /// - Throws: `Issue` if the last writes failed; the file counts as closed all the same.
    public func close() throws {
        guard !isClosed else { return }
        let operation = Operation(file: path, action: "close the file")
        isClosed = true
        let lock = Self.duplicateDescriptor(raw)
        defer { Self.unlock(lock) }
        try operation.check(H5Fclose(raw))
    }

    /// A second descriptor of the open file, which outlives the first; negative if there is none.
    private static func duplicateDescriptor(_ raw: hid_t) -> CInt {
        var descriptor: UnsafeMutableRawPointer?
        guard H5Fget_vfd_handle(raw, CHDF5_default(), &descriptor) >= 0, let descriptor else { return -1 }
        return fcntl(descriptor.load(as: CInt.self), F_DUPFD_CLOEXEC, 0)
    }

    /// The library locks a file by flock(2) and unlocks it by closing it. But a process that was started
    /// meanwhile shares the open file, and its lock, until it has closed it too; only LOCK_UN frees it for
    /// all.
    private static func unlock(_ descriptor: CInt) {
        guard descriptor >= 0 else { return }
        flock(descriptor, LOCK_UN)
        Foundation.close(descriptor)
    }

    func identifier(for operation: Operation) throws -> hid_t {
        if isClosed {
            throw operation.error(.inaccessible, "the file was closed")
        }
        return raw
    }

    /// What the file holds on disk and in pending writes, in bytes.
    func sizeBytes(for operation: Operation) throws -> Int {
        var size: hsize_t = 0
        try operation.check(H5Fget_filesize(try identifier(for: operation), &size))
        return Int(clamping: size)
    }

    /// Strong close degree: closing the file closes whatever is still open in it.
    private static func accessList(for operation: Operation) throws -> Identifier {
        let access = try operation.own(H5Pcreate(CHDF5_fileAccess()))
        try operation.check(H5Pset_fclose_degree(access.raw, H5F_CLOSE_STRONG))
        return access
    }
}
