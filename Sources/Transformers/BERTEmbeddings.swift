import Tensors

/// The input side of BERT: word, position and token type embeddings, summed and normalised.
struct BERTEmbeddings: Sendable {
    private let words: AlignedBuffer<Float>
    private let positions: AlignedBuffer<Float>
    private let types: AlignedBuffer<Float>
    private let vocabularySize: Int
    private let typeVocabularySize: Int
    private let hidden: Int
    private let norm: LayerNorm

    init(_ checkpoint: BERTCheckpoint) throws {
        hidden = checkpoint.dimensions.hidden
        vocabularySize = checkpoint.vocabularySize
        words = AlignedBuffer(
            try checkpoint.tensor("embeddings.word_embeddings.weight", [vocabularySize, hidden]))
        positions = AlignedBuffer(
            try checkpoint.tensor(
                "embeddings.position_embeddings.weight", [checkpoint.dimensions.maximumTokens, hidden]))
        typeVocabularySize = checkpoint.typeVocabularySize
        types = AlignedBuffer(
            try checkpoint.tensor("embeddings.token_type_embeddings.weight", [typeVocabularySize, hidden]))
        norm = try checkpoint.norm("embeddings.LayerNorm")
    }

    /// Writes the embedding of every token of a batch to `output` [hidden × tokens].
    func apply(
        _ batch: TokenBatch, into output: PanelMatrix, instructionSet: InstructionSet, pool: ThreadPool
    ) {
        for sequence in 0..<batch.count {
            for (position, token) in batch.range(sequence).enumerated() {
                let id = Int(batch.ids[token])
                precondition(id >= 0 && id < vocabularySize, "token id \(id) is not in the vocabulary")
                let typeID = Int(batch.types[token])
                precondition(typeID < typeVocabularySize, "the model has no token type \(typeID)")
                let word = words.address + id * hidden
                let place = positions.address + position * hidden
                let type = types.address + typeID * hidden
                let column = output.column(of: token)
                let target = output.address + column.offset
                for feature in 0..<hidden {
                    target[feature * column.stride] = word[feature] + (place[feature] + type[feature])
                }
            }
        }
        pool.run { worker in
            norm.apply(
                output, residual: nil, into: output,
                strips: pool.share(of: output.strips, worker: worker),
                instructionSet: instructionSet)
        }
    }
}
