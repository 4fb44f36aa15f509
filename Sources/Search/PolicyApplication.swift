import Environments
import Export
import Foundation
import ModelFiles
import Pruning
import Tensors

/// Prunes a model again with the policy of a run.
public enum PolicyApplication {
    /// Writes the pruned model as a Hugging Face folder.
    /// - Throws: ``SearchFailure`` when the run has no policy yet, or searched another model.
    public static func apply(
        run: String, model: String, cache: String, to output: String, progress: StageProgress = { _, _ in }
    ) throws {
        let policy: Policy = try SearchSession.readJSON("\(run)/policy.json")
        guard policy.schema == Policy.schema else {
            throw SearchFailure(
                "\(run)/policy.json: schema: found '\(policy.schema)', allowed '\(Policy.schema)'")
        }
        var options: SearchOptions = try SearchSession.readJSON("\(run)/run.json")
        options.model = model
        let digest = try EncoderModel(folder: model).digest()
        guard digest == policy.modelDigest else {
            throw SearchFailure(
                "\(model)/model.safetensors: found another model than the run searched: SHA-256 "
                    + "\(digest.prefix(12))…, allowed \(policy.modelDigest.prefix(12))…")
        }
        let costs: LevelCosts = try SearchSession.readJSON("\(run)/costs.json")
        let preparation = try SearchPreparation(options, cache: cache, storedCosts: costs, progress: progress)
        let actions = try policy.layers.map { choice in
            guard let level = costs.levels.firstIndex(of: choice.level) else {
                throw SearchFailure(
                    "\(run)/policy.json: layer '\(choice.layer)': found level \(choice.level)")
            }
            return level
        }
        guard policy.layers.map(\.layer) == costs.layers else {
            throw SearchFailure("\(run)/policy.json: found layers of another model")
        }
        try PrunedModelFolder.write(
            weights: try preparation.candidates.weights(actions), of: model, metadata: ["format": "pt"],
            to: output)
    }
}
