import Foundation

/// What `run.json` holds: the options of a run, and where the relative ones of their paths begin.
struct StoredOptions: Codable {
    private let options: SearchOptions
    /// The working folder of the search; nil in a run that an earlier version has left.
    private let startedIn: String?

    private enum Key: CodingKey {
        case startedIn
    }

    /// Options whose paths are seen from the working folder.
    init(_ options: SearchOptions) {
        self.options = options
        startedIn = FileManager.default.currentDirectoryPath
    }

    init(from decoder: any Decoder) throws {
        options = try SearchOptions(from: decoder)
        startedIn = try decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .startedIn)
    }

    func encode(to encoder: any Encoder) throws {
        try options.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(startedIn, forKey: .startedIn)
    }

    /// The options, with files that only the folder of the search has named from there. What the present folder has
    /// comes first, as a project may have been moved.
    var fromHere: SearchOptions {
        var found = options
        found.model = path(options.model)
        found.train = path(options.train)
        found.validation = options.validation.map(path)
        return found
    }

    private func path(_ relative: String) -> String {
        let files = FileManager.default
        guard let startedIn, !relative.hasPrefix("/"), !files.fileExists(atPath: relative) else {
            return relative
        }
        let there = "\(startedIn)/\(relative)"
        return files.fileExists(atPath: there) ? there : relative
    }
}
