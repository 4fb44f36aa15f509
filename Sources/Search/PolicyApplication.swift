import Environments
import Foundation
import Pruning
import Tensors

/// Prunes a model again with the policy of a run.
public enum PolicyApplication {
    /// Writes the pruned model: a Hugging Face folder, or a GGUF file in a folder where the model is one.
    /// - Throws: ``SearchFailure`` when the run has no policy yet, or searched another model.
    public static func apply(
        run: String, model: String, cache: String, to output: String, progress: StageProgress = { _, _ in }
    ) throws {
        if try RunFiles.options(run: run).task == .lm {
            try apply(DecoderModel.self, run, model, cache, output, progress)
        } else {
            try apply(EncoderModel.self, run, model, cache, output, progress)
        }
    }

    private static func apply<Model: SearchableModel>(
        _ type: Model.Type, _ run: String, _ model: String, _ cache: String, _ output: String,
        _ progress: StageProgress
    ) throws {
        let policy: Policy = try RunFiles.read("\(run)/policy.json")
        guard policy.schema == Policy.schema else {
            throw SearchFailure(
                "\(run)/policy.json: schema: found '\(policy.schema)', allowed '\(Policy.schema)'")
        }
        var options: SearchOptions = try RunFiles.read("\(run)/run.json")
        options.model = model
        let digest = try Model(path: model, phase: .prefill).digest()
        guard digest == policy.modelDigest else {
            throw SearchFailure(
                "\(model): found another model than the run searched: SHA-256 "
                    + "\(digest.prefix(12))…, allowed \(policy.modelDigest.prefix(12))…")
        }
        let costs: LevelCosts = try RunFiles.read("\(run)/costs.json")
        let preparation = try SearchPreparation<Model>(
            options, cache: cache, storedCosts: costs, progress: progress)
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
        try preparation.model.write(try preparation.candidates.weights(actions), to: output)
    }
}
