/// Why a search cannot start or continue.
public enum RunError: Error, Equatable, CustomStringConvertible {
    /// The folder already holds a run.
    case runExists(file: String)
    /// The folder holds no run.
    case noRun(file: String)
    /// A checkpoint belongs to another search than the one that wants to continue.
    case mismatch(file: String, field: String, found: String, allowed: String)
    /// A file is not what this program wrote.
    case damaged(file: String, reason: String)

    /// One line for people.
    public var description: String {
        switch self {
        case .runExists(let file):
            "\(file): a run is already here: resume it, or choose another folder"
        case .noRun(let file):
            "\(file): there is no such checkpoint, so there is no run to resume"
        case .mismatch(let file, let field, let found, let allowed):
            "\(file): \(field): found '\(found)', allowed '\(allowed)', which this search was given"
        case .damaged(let file, let reason):
            "\(file): not a usable checkpoint or trace: \(reason)"
        }
    }
}
