import Tensors

/// The input side of an encoder: word and position embeddings, and those of token types where there are any,
/// summed and normalized.
struct EncoderEmbeddings: Sendable {
    private var words: WordTable
    private let positions: AlignedBuffer<Float>
    /// nil for a model that does not tell sentences of a pair apart.
    private let types: AlignedBuffer<Float>?
    private let sizes: EncoderDimensions
    private let norm: LayerNorm

    init(_ checkpoint: EncoderCheckpoint) throws {
        let (modules, sizes) = (checkpoint.modules, checkpoint.dimensions)
        func table(_ module: ModuleName, rows: Int) throws -> AlignedBuffer<Float> {
            AlignedBuffer(try checkpoint.tensor("\(module.name).weight", [rows, sizes.hidden]))
        }
        guard let places = modules.positions, let norm = modules.embeddingNorm else {
            preconditionFailure("Architecture holds encoders to positions and a norm of embeddings")
        }
        self.sizes = sizes
        words = try WordTable(checkpoint)
        positions = try table(places, rows: sizes.positionRows)
        types = try modules.tokenTypes.map { try table($0, rows: sizes.tokenTypes) }
        self.norm = try checkpoint.norm(norm.name)
    }

    /// The same with word embeddings in 8 bits, a scale for each.
    func roundingWords() -> EncoderEmbeddings {
        var rounded = self
        rounded.words = words.rounded
        return rounded
    }

    /// Word embeddings in 8 bits; nil where they are floats.
    var integerWords: IntegerRows? { words.integers }

    /// What word embeddings take less than as floats, in bytes.
    var savedBytes: Int { sizes.vocabulary * sizes.hidden * MemoryLayout<Float>.size - words.sizeBytes }

    /// Writes the embedding of every token of a batch to `output` [hidden × tokens].
    func apply(
        _ batch: TokenBatch, into output: PanelMatrix, instructionSet: InstructionSet, pool: ThreadPool
    ) {
        let hidden = sizes.hidden
        for sequence in 0..<batch.count {
            for (position, token) in batch.range(sequence).enumerated() {
                let id = Int(batch.ids[token])
                precondition(id >= 0 && id < sizes.vocabulary, "token id \(id) is not in the vocabulary")
                let place = positions.address + (sizes.positionsBefore + position) * hidden
                let column = output.column(of: token)
                let target = output.address + column.offset
                let type = types.map { types in
                    let typeID = sizes.separatesSentences ? Int(batch.types[token]) : 0
                    precondition(typeID < sizes.tokenTypes, "the model has no token type \(typeID)")
                    return types.address + typeID * hidden
                }
                words.forEach(of: id) { feature, word in
                    let rest = type.map { place[feature] + $0[feature] } ?? place[feature]
                    target[feature * column.stride] = word + rest
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
