/// What went wrong with an HDF5 file, in one line:
///
///     trace.h5: /reward: could not append 3 values: a row has 2 values (HDF5: ...)
public struct HDF5Error: Error, Equatable, CustomStringConvertible {
    /// The path of the file, as it was given.
    public let file: String
    /// The path of the group or dataset inside the file, or `nil` if the file itself is meant.
    public let object: String?
    /// What was being done, as an infinitive: `read as Float`.
    public let action: String
    /// What was found instead of what was needed.
    public let found: String
    /// The library's own words: the top of its error stack, then the cause at its bottom.
    public let libraryMessage: String?

    /// All of it on one line.
    public var description: String {
        let place = object.map { "\(file): \($0)" } ?? file
        let library = libraryMessage.map { " (HDF5: \($0))" } ?? ""
        let line = "\(place): could not \(action): \(found)\(library)"
        return String(line.map { $0.isNewline ? " " : $0 })
    }
}
