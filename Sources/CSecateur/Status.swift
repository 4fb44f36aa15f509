import Foundation
import Levels
import SecateurHeader

/// Runs the body of a function that returns a status; what it throws becomes the status and the text of this thread.
func status(_ body: () throws -> Void) -> secateur_status {
    do {
        try body()
        return SECATEUR_OK
    } catch let issue as Issue {
        LastError.text = issue.description
        return issue.code.status
    } catch {
        LastError.text = "\(error)"
        return SECATEUR_FAILED
    }
}

/// What was wrong with the last call of each thread.
enum LastError {
    /// Frees the text of a thread that ends.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key) { free($0) } == 0, "the system has no key left for threads")
        return key
    }()

    static var address: UnsafePointer<CChar>? {
        pthread_getspecific(key).map { UnsafePointer($0.assumingMemoryBound(to: CChar.self)) }
    }

    static var text: String {
        get { address.map { String(cString: $0) } ?? "" }
        set {
            free(pthread_getspecific(key))
            pthread_setspecific(key, strdup(newValue))
        }
    }
}

extension Issue.Code {
    fileprivate var status: secateur_status {
        switch self {
        case .missing: SECATEUR_MISSING
        case .exists: SECATEUR_EXISTS
        case .malformed: SECATEUR_MALFORMED
        case .outOfRange: SECATEUR_OUT_OF_RANGE
        case .unsupported: SECATEUR_UNSUPPORTED
        case .mismatch: SECATEUR_MISMATCH
        case .busy: SECATEUR_BUSY
        case .inaccessible: SECATEUR_INACCESSIBLE
        }
    }
}

@c @implementation
public func secateur_error() -> UnsafePointer<CChar>? {
    if LastError.address == nil { LastError.text = "" }
    return LastError.address
}
