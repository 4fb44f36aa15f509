import CHDF5

/// The C library's set-up, before anything else of it is called.
private enum Library {
    /// On exit the library writes what is pending, and crashes there after a write that failed, as on a full
    /// disk. Files are closed by this target, so nothing needs that.
    static let setUp: Void = { _ = H5dont_atexit() }()
}

/// One thing being done to one object of one file: the place where the library's status
/// codes become errors that say so.
struct Operation {
    let file: String
    let object: String?
    let action: String

    /// Also silences the library's own printing, which is a setting of each thread.
    init(file: String, object: String? = nil, action: String) {
        self.file = file
        self.object = object
        self.action = action
        Library.setUp
        H5Eset_auto2(CHDF5_currentErrors(), nil, nil)
    }

    /// Passes a status or an identifier on, or throws if it is negative.
    ///
    /// The error stack is read here, so no other library call may come between.
    @discardableResult
    func check<Status: SignedInteger>(_ status: Status) throws -> Status {
        guard status < 0 else { return status }
        throw failure(found: nil)
    }

    /// Takes ownership of a new identifier, or throws.
    func own(_ raw: hid_t) throws -> Identifier {
        Identifier(owning: try check(raw))
    }

    /// A list of creation properties without time stamps, so that the same content makes the same bytes.
    func creationList(_ listClass: hid_t) throws -> Identifier {
        let list = try own(H5Pcreate(listClass))
        try check(H5Pset_obj_track_times(list.raw, false))
        return list
    }

    /// An error for something this target noticed by itself.
    func error(_ found: String) -> HDF5Error {
        HDF5Error(file: file, object: object, action: action, found: found, libraryMessage: nil)
    }

    /// An error for a library call that has just failed.
    ///
    /// - Parameter found: What is known beyond the library's words; `nil` takes its deepest message.
    func failure(found: String?) -> HDF5Error {
        let stack = Self.errorStack()
        let top = stack.first ?? "no message"
        let cause = Self.systemWords(stack.last ?? "unknown cause")
        let message = found == nil || top == cause ? top : "\(top): \(cause)"
        return HDF5Error(
            file: file, object: object, action: action, found: found ?? cause, libraryMessage: message)
    }

    /// What the system said, where the library buries it in times, names and numbers: `file write failed:
    /// time = …, error message = 'No space left on device', buf = …`.
    static func systemWords(_ message: String) -> String {
        guard let words = message.firstMatch(of: #/error message = '([^']+)'/#)?.1 else { return message }
        return String(words)
    }

    /// The messages of this thread's last failed call, from the public function down to the cause.
    private static func errorStack() -> [String] {
        var messages: [String] = []
        withUnsafeMutablePointer(to: &messages) { pointer in
            _ = H5Ewalk2(
                CHDF5_currentErrors(), H5E_WALK_DOWNWARD,
                { _, record, context in
                    if let text = record?.pointee.desc {
                        context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
                    }
                    return 0
                }, pointer)
        }
        return messages
    }
}
