import Foundation

/// Where a model is that a person names by its folder, its file, or the folder of the run that pruned it.
public enum ModelLocation {
    /// The model's own folder or file.
    public static func folder(_ path: String) -> String {
        let own = "\(path)/model"
        let isRun =
            FileManager.default.fileExists(atPath: "\(path)/run.json")
            || FileManager.default.fileExists(atPath: "\(own)/config.json")
        return isRun ? own : path
    }
}
