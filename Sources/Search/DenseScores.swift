import Foundation
import ModelFiles
import Runs
import SparseKernels

/// Scores of dense models on validation files, kept in the cache: each takes up to minutes, and all searches
/// of a model report the same.
struct DenseScores {
    private static let schema = "secateur.dense-score/2"

    /// The folder of what searches share.
    let cache: String

    /// What a score depends on.
    struct Key {
        /// SHA-256 of the model's weights.
        let model: String
        /// How text becomes token ids and outputs.
        let reading: [String]
        /// SHA-256 of the validation file.
        let validation: String
        let metric: String
        let options: SearchOptions

        /// SHA-256 of all of it, and of the hardware, as kernels of several instruction sets round
        /// differently.
        var digest: String {
            FileDigest.sha256(lines: [
                schema, model, reading.joined(separator: "; "), validation, metric, options.task,
                "\(options.validationWindows)",
                HardwareFingerprint.current.description,
            ])
        }
    }

    private struct Stored: Codable {
        let key: String
        let score: Double
    }

    /// The score of a key, computed unless it is known; one that cannot be kept is computed each time.
    func score(_ key: Key, compute: () -> Double) -> Double {
        let digest = key.digest
        let path = "\(cache)/dense-\(digest.prefix(16)).json"
        if let data = FileManager.default.contents(atPath: path),
            let stored = try? JSONDecoder().decode(Stored.self, from: data), stored.key == digest
        {
            return stored.score
        }
        let score = compute()
        try? AtomicFile.write(try JSONEncoder().encode(Stored(key: digest, score: score)), to: path)
        return score
    }
}
