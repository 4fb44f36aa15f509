import Environments
import Tensors

/// Prunes a model again with the policy of a run.
public enum PolicyApplication {
    /// Writes the pruned model as a Hugging Face folder.
    /// - Throws: ``SearchFailure`` when the run has no policy yet, or searched another model.
    public static func apply(
        run: String, model: String, cache: String, to output: String, progress: StageProgress = { _, _ in }
    ) throws {
        let files = RunFiles(folder: run)
        try apply(try files.options().task.modelType, files, model, cache, output, progress)
    }

    private static func apply<Model: SearchableModel>(
        _ type: Model.Type, _ files: RunFiles, _ model: String, _ cache: String, _ output: String,
        _ progress: StageProgress
    ) throws {
        let policy = try Policy(file: files.path("policy.json"))
        var options = try files.options()
        options.model = model
        options.validation = nil
        let inputs = try SearchInputs<Model>(options)
        guard inputs.modelDigest == policy.modelDigest else {
            throw SearchFailure(
                "\(model): found another model than the run searched: SHA-256 "
                    + "\(inputs.modelDigest.prefix(12))…, allowed \(policy.modelDigest.prefix(12))…")
        }
        let preparation = try SearchPreparation(inputs, cache: cache, files: files, progress: progress)
        let costs = preparation.costs
        guard policy.layers.map(\.layer) == costs.layers else {
            throw SearchFailure("\(files.path("policy.json")): found layers of another model")
        }
        let actions = try policy.layers.map { choice in
            guard let level = costs.levels.firstIndex(of: choice.level) else {
                throw SearchFailure(
                    "\(files.path("policy.json")): layer '\(choice.layer)': found level \(choice.level)")
            }
            return level
        }
        try inputs.model.write(try preparation.candidates.weights(actions), to: output)
    }
}
