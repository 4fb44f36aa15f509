import Foundation

/// What `run.json` holds: the options of a run, where the relative ones of their paths begin, and the cache.
struct StoredOptions: Codable {
    private var options: SearchOptions
    /// The working folder of the search; nil in a run that an earlier version has left.
    private let startedIn: String?
    /// The folder of level databases that the search used; nil in a run that an earlier version has left.
    private let cache: String?

    private enum Key: CodingKey {
        case startedIn, cache
    }

    /// Options whose paths are seen from the working folder.
    init(_ options: SearchOptions, cache: String?) {
        self.options = options
        self.cache = cache
        startedIn = FileManager.default.currentDirectoryPath
    }

    init(from decoder: any Decoder) throws {
        options = try SearchOptions(from: decoder)
        let container = try decoder.container(keyedBy: Key.self)
        startedIn = try container.decodeIfPresent(String.self, forKey: .startedIn)
        cache = try container.decodeIfPresent(String.self, forKey: .cache)
    }

    func encode(to encoder: any Encoder) throws {
        try options.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(startedIn, forKey: .startedIn)
        try container.encodeIfPresent(cache, forKey: .cache)
    }

    /// The same but for a change of the options.
    func with(_ change: (inout SearchOptions) -> Void) -> StoredOptions {
        var stored = self
        change(&stored.options)
        return stored
    }

    /// The options, with files that only the folder of the search has named from there. What the present
    /// folder has comes first, as a project may have been moved.
    var fromHere: SearchOptions {
        var found = options
        found.model = path(options.model)
        found.train = path(options.train)
        found.validation = options.validation.map(path)
        return found
    }

    /// The cache, seen from here; nil where it is not there any more, as in a run that was carried to another
    /// machine.
    var cacheFromHere: String? {
        cache.map(path).flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
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
