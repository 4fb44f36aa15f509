import Foundation
import Levels

extension Issue {
    /// What the system said by the `errno` that one of its calls left behind: a path that it cannot do
    /// something with.
    package init(_ path: String, cannot action: String, code: Int32 = errno) {
        let kind: Code =
            switch code {
            case ENOENT, ENOTDIR: .missing
            case EEXIST, ENOTEMPTY, EISDIR: .exists
            case EBUSY, ETXTBSY, EAGAIN: .busy
            default: .inaccessible
            }
        self.init(kind, .path(path), advice: "cannot \(action): \(String(cString: strerror(code)))")
    }

    /// A tensor that a file does not have.
    package static func noTensor(_ name: String, in path: String, of count: Int) -> Issue {
        Issue(
            .missing, .path(path), field: .tensor(name), found: "no such tensor",
            allowed: "one of the \(count) in the file")
    }
}
