import Foundation
import ModelFiles

/// The files that hold a model's weights.
public enum WeightFiles {
    /// Bytes of all of them, in a model folder or of a GGUF file; nil when there are none.
    public static func bytes(at path: String) -> Int? {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: path)) ?? []
        let weights = names.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".gguf") }
            .map { "\(path)/\($0)" }
        let paths = GGUFFile.isAt(path) ? (try? GGUFFile.parts(of: path)) ?? [path] : weights
        let sizes = paths.compactMap { (try? files.attributesOfItem(atPath: $0))?[.size] as? Int }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }
}
