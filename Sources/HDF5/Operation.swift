import CHDF5
import Levels

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
        throw failure()
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

    /// An error for something that this target noticed by itself:
    ///
    ///     trace.h5: /reward: found 3 values, allowed a multiple of 2: could not append 3 values
    func error(_ code: Issue.Code, found: String, allowed: String) -> Issue {
        Issue(
            code, .path(file), field: object.map { .part($0) }, found: found, allowed: allowed,
            advice: "could not \(action)")
    }

    /// An error for the state that something is in, in words.
    func error(_ code: Issue.Code, _ reason: String) -> Issue {
        Issue(
            code, .path(file), field: object.map { .part($0) }, advice: "could not \(action): \(reason)")
    }

    /// An error for a library call that has just failed, with the library's own words: the top of its error
    /// stack, then the cause at its bottom.
    ///
    /// - Parameter known: What is known beyond the library's words; `nil` takes its deepest message.
    func failure(known: Reason? = nil) -> Issue {
        let stack = Self.errorStack()
        let top = stack.first?.text ?? "no message"
        let deepest = stack.last?.text ?? "unknown cause"
        let cause = Self.systemWords(deepest)
        let message = known == nil || top == cause ? top : "\(top): \(cause)"
        let code = known?.code ?? Self.code(stack.map(\.kind), isOfSystem: cause != deepest)
        return error(code, "\(known?.words ?? cause) (HDF5: \(message))")
    }

    /// Why a call failed, as far as this target knows.
    struct Reason {
        let code: Issue.Code
        let words: String
    }

    /// The kind of error that the library's own kinds amount to.
    private static func code(_ kinds: [hid_t], isOfSystem: Bool) -> Issue.Code {
        if kinds.contains(CHDF5_cannotLock()) { return .busy }
        if isOfSystem { return .inaccessible }
        if kinds.contains(CHDF5_exists()) || kinds.contains(CHDF5_fileExists()) { return .exists }
        return kinds.contains(CHDF5_notFound()) ? .missing : .malformed
    }

    /// What the system said, where the library buries it in times, names and numbers: `file write failed:
    /// time = …, error message = 'No space left on device', buf = …`.
    static func systemWords(_ message: String) -> String {
        guard let words = message.firstMatch(of: #/error message = '([^']+)'/#)?.1 else { return message }
        return String(words)
    }

    private struct Message {
        let text: String
        /// The library's "minor error".
        let kind: hid_t
    }

    /// The messages of this thread's last failed call, from the public function down to the cause.
    private static func errorStack() -> [Message] {
        var messages: [Message] = []
        withUnsafeMutablePointer(to: &messages) { pointer in
            _ = H5Ewalk2(
                CHDF5_currentErrors(), H5E_WALK_DOWNWARD,
                { _, record, context in
                    if let record = record?.pointee, let text = record.desc {
                        context?.assumingMemoryBound(to: [Message].self).pointee.append(
                            Message(text: String(cString: text), kind: record.min_num))
                    }
                    return 0
                }, pointer)
        }
        return messages
    }
}
