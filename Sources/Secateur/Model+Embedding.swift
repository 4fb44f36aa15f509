import Levels
import Models
import Tensors

extension Model {
    /// Features of an embedding; nil for a model that does not embed.
    public var features: Int? {
        guard case .encoder(let model) = kind else { return nil }
        return model.encoder.sentences.width(hidden: model.encoder.dimensions.hidden)
    }

    /// Embeds sentences: [sentences][features], as the modules of the folder say.
    ///
    /// - Parameters:
    ///   - sentences: the texts.
    ///   - prompt: the name of what goes before every sentence. Default: the folder's own.
    /// - Throws: `Issue` for a model that does not embed, or a prompt that it does not have.
    public func embed(_ sentences: [String], prompt: String? = nil) throws -> [[Float]] {
        try embeddings(of: sentences, prompt: prompt).rowArrays
    }

    /// ``embed(_:prompt:)`` as one matrix [sentences × features].
    package func embeddings(of sentences: [String], prompt: String? = nil) throws -> Matrix {
        let loaded = try encoder()
        let model = try prompt.map(loaded.prompting) ?? loaded
        return model.encoder.embed(model.sentences.encode(sentences), pool: pool)
    }

    /// The embeddings [sequences × features] of token ids, special ones included.
    ///
    /// - Throws: `Issue` for a model that does not embed; for a sequence of no or too many tokens, or an id that is
    ///   none of the model's.
    package func embeddings(ofTokens sequences: [[Int32]]) throws -> Matrix {
        let model = try encoder()
        let vocabulary = model.encoder.dimensions.vocabulary
        for (index, sequence) in sequences.enumerated() {
            guard (1...model.maximumTokens).contains(sequence.count) else {
                throw Issue(
                    .outOfRange, .option("tokens"), field: "sequence \(index)",
                    found: "\(sequence.count) tokens",
                    allowed: "1 to \(model.maximumTokens)")
            }
            if let id = sequence.first(where: { !(0..<vocabulary).contains(Int($0)) }) {
                throw Issue(
                    .outOfRange, .option("tokens"), field: "sequence \(index)", found: "id \(id)",
                    allowed: "0 to \(vocabulary - 1)")
            }
        }
        return model.encoder.embed(sequences, pool: pool)
    }

    private func encoder() throws -> EncoderModel {
        guard case .encoder(let model) = kind else { throw lacks("embed", "an encoder") }
        return model
    }
}
