import Environments
import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import SparseKernels
import Tensors
import Transformers

/// A loaded model that can be searched: it writes itself with other weights.
public protocol SearchableModel: LoadedModel {
    /// Tells the effects of switching levels by gradients; nil for models without a backward pass.
    func switches(_ inputs: SearchInputs<Self>, levels: LevelWeights) throws -> (any SwitchEffects)?
    /// The same model with its embeddings in 8 bits, where it can.
    func roundingWords() -> Self
    /// Writes the model with what is left of some weights, by layer name; it appears whole or not at all.
    ///
    /// - Parameter levels: what the layers were pruned to, which the file says where it can.
    func write(_ weights: [String: PrunedWeight], levels: [String: Level], to folder: String) throws
}

extension SearchableModel {
    public func roundingWords() -> Self { self }

    public func switches(_ inputs: SearchInputs<Self>, levels: LevelWeights) throws -> (any SwitchEffects)? {
        nil
    }

    /// The key of the level database that a search with this score and these calibration tokens has.
    static func databaseKey(
        digest: String, calibration: [[Int32]], score: PruningScore, stored: [Level]
    ) -> String {
        LevelDatabase.key(
            model: digest, calibration: SearchData<Network>.digest(of: calibration), score: score,
            levels: stored)
    }
}

extension EncoderModel: SearchableModel {
    /// By gradients of the fidelity on sentences that no reward is computed on: rewards then tell whether
    /// what gradients promise holds elsewhere; nil for modules that gradients do not pass.
    public func switches(
        _ inputs: SearchInputs<EncoderModel>, levels: LevelWeights
    ) throws -> (any SwitchEffects)? {
        guard encoder.sentences.keepsDirection else { return nil }
        return try EncoderSwitches(
            folder: folder, encoder: encoder, sequences: inputs.data.calibration, levels: levels,
            spaceWeight: inputs.options.weights.space, seed: inputs.options.seed, pool: inputs.pool)
    }

    /// Writes a Hugging Face folder.
    public func write(_ weights: [String: PrunedWeight], levels: [String: Level], to folder: String) throws {
        try PrunedModelFolder.write(
            weights: weights, levels: levels, words: encoder.integerWords, of: self.folder,
            encoder.architecture,
            metadata: ["format": "pt"],
            to: folder)
    }
}

extension ClassifierModel: SearchableModel {
    /// Writes a Hugging Face folder, the head included.
    public func write(_ weights: [String: PrunedWeight], levels: [String: Level], to folder: String) throws {
        try base.write(weights, levels: levels, to: folder)
    }
}

extension DecoderModel: SearchableModel {
    /// Writes a GGUF file into the folder where the model is one, else a Hugging Face folder; both in floating
    /// point.
    public func write(_ weights: [String: PrunedWeight], levels: [String: Level], to folder: String) throws {
        let export = DecoderExport(
            model: network, tokenizer: tokenizer, replacing: weights.mapValues(\.matrix))
        switch network.checkpoint.container {
        case .gguf: try export.writeGGUF(encoding: .f32, toFolder: folder)
        case .folder: try export.writeFolder(to: folder)
        }
    }
}
