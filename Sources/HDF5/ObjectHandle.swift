import CHDF5

/// An open group or dataset. It keeps its file alive, and is released with its last user.
final class ObjectHandle {
    let file: HDF5File
    let path: String
    private let raw: hid_t

    init(owning raw: hid_t, file: HDF5File, path: String) {
        self.raw = raw
        self.file = file
        self.path = path
    }

    deinit {
        // Closing the file has released every identifier in it already.
        if !file.isClosed {
            H5Idec_ref(raw)
        }
    }

    /// Starts something on this object.
    func operation(_ action: String) -> Operation {
        Operation(file: file.path, object: path, action: action)
    }

    /// The identifier, or an error if the file was closed meanwhile.
    func identifier(for operation: Operation) throws -> hid_t {
        if file.isClosed {
            throw operation.error(.inaccessible, "the file was closed")
        }
        return raw
    }

    /// The identifier, for something that adds an object or an attribute.
    func identifierForAddition(for operation: Operation) throws -> hid_t {
        let raw = try identifier(for: operation)
        if file.isSWMRWriter {
            throw operation.error(.unsupported, "SWMR writing has started: nothing may be added but rows")
        }
        return raw
    }

    /// The path of something inside this group.
    func path(of name: String) -> String {
        path == "/" ? "/\(name)" : "\(path)/\(name)"
    }
}
