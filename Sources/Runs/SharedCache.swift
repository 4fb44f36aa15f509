import Foundation

/// The folder of what searches of a model share: level databases and dense scores.
public enum SharedCache {
    /// `secateur` in the user's cache folder.
    public static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        if let base = environment["XDG_CACHE_HOME"], !base.isEmpty { return "\(base)/secateur" }
        return "\(environment["HOME"] ?? NSTemporaryDirectory())/.cache/secateur"
    }
}
