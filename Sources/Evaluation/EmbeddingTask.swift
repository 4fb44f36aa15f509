import Tensors
import Tokenizers
import Transformers

/// What an encoder is judged by: sentences to embed, and a score of their embeddings.
public protocol EmbeddingTask: ModelTask where Model == Encoder {
    /// Token ids of every sentence.
    var sequences: [[Int32]] { get }
    /// The score of embeddings [sequences × features], of any length; higher is better, 1 at most.
    func score(_ embeddings: Matrix) -> Double
}

extension EmbeddingTask {
    /// Tokens of all sentences.
    public var tokens: Int { sequences.reduce(0) { $0 + $1.count } }

    /// The score of a model.
    public func score(_ model: Encoder, pool: ThreadPool) -> Double {
        score(model.embed(sequences, pool: pool))
    }

    /// Of all sentences.
    public func space(of model: Encoder, dense: Encoder, pool: ThreadPool) -> SpaceKept? {
        SpaceKept(model.embed(sequences, pool: pool), dense: dense.embed(sequences, pool: pool))
    }
}

/// Semantic textual similarity: Spearman's ρ between the cosine of each pair and the score that people
/// gave it (Cer et al., 2017).
public struct STSTask: EmbeddingTask {
    /// `spearman`.
    public let metric = "spearman"
    /// Both sentences of every pair, one after the other.
    public let sequences: [[Int32]]
    private let scores: [Double]

    /// Tokenizes pairs.
    public init(pairs: [ScoredPair], tokenizer: SentenceTokenizer) {
        sequences = tokenizer.encode(pairs.flatMap { [$0.first, $0.second] })
        scores = pairs.map(\.score)
    }

    private init(sequences: [[Int32]], scores: [Double]) {
        self.sequences = sequences
        self.scores = scores
    }

    public var count: Int { scores.count }

    /// The same of some pairs.
    public func part(pairs: [Int]) -> STSTask {
        STSTask(sequences: pairs.flatMap { sequences[2 * $0...2 * $0 + 1] }, scores: pairs.map { scores[$0] })
    }

    /// A random share of the pairs, eight at least: a rank correlation of fewer says next to nothing.
    public func pairs(share: Double, using random: inout CounterBasedRandom) -> [Int] {
        PartItems.drawn(share, of: count, least: 8, using: &random)
    }

    /// Some of the pairs.
    public func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<Encoder>)? {
        part(pairs: pairs(share: share, using: &random))
    }

    /// Spearman's ρ.
    public func score(_ embeddings: Matrix) -> Double {
        Self.score(embeddings, scores: scores)
    }

    /// Pearson's r, which GLUE reports along with it.
    public func pearson(_ embeddings: Matrix) -> Double {
        Correlation.pearson(Self.cosines(embeddings), scores)
    }

    /// Spearman's ρ between the cosines of pairs, rows 2p and 2p + 1, and their scores.
    public static func score(_ embeddings: Matrix, scores: [Double]) -> Double {
        Correlation.spearman(cosines(embeddings), scores)
    }

    private static func cosines(_ embeddings: Matrix) -> [Double] {
        let embeddings = embeddings.normalizingRows
        return (0..<embeddings.rows / 2).map { pair in
            zip(embeddings.row(2 * pair), embeddings.row(2 * pair + 1)).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
    }
}

/// Label-free fidelity: Pearson's r, over all pairs of sentences, between the cosines of the model and
/// those of the dense model.
///
/// It compares the structure of similarities and not the embeddings themselves, which after pruning turn
/// together: their mean cosine to the dense ones may fall to 0.4 while the similarities are kept. Where an index of
/// dense embeddings is to stay usable, a weight w of the space makes it (r + w · mean cosine) / (1 + w).
public struct FidelityTask: EmbeddingTask {
    /// `fidelity`.
    public let metric = "fidelity"
    /// Token ids of every sentence.
    public let sequences: [[Int32]]
    /// The dense model's.
    public let embeddings: Matrix
    /// How much the mean cosine to the dense embeddings counts, against 1 for the agreement of similarities.
    public let spaceWeight: Double
    private let reference: [Double]

    /// Takes the sentences and the dense model's embeddings of them.
    public init(sequences: [[Int32]], denseEmbeddings: Matrix, spaceWeight: Double = 0) {
        precondition(denseEmbeddings.rows == sequences.count)
        self.sequences = sequences
        self.spaceWeight = spaceWeight
        embeddings = denseEmbeddings
        reference = Self.similarities(denseEmbeddings)
    }

    public var count: Int { sequences.count }

    /// The same of some sentences.
    public func part(sentences: [Int]) -> FidelityTask {
        FidelityTask(
            sequences: sentences.map { sequences[$0] },
            denseEmbeddings: embeddings.selectingRows(sentences), spaceWeight: spaceWeight)
    }

    /// Eight sentences at least, which have 28 similarities.
    public func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<Encoder>)? {
        part(sentences: PartItems.drawn(share, of: count, least: 8, using: &random))
    }

    /// The agreement with the dense model, 1 for the dense model itself, even where all sentences are alike
    /// to it.
    public func score(_ embeddings: Matrix) -> Double {
        let agreement = Self.agreement(Self.similarities(embeddings), with: reference)
        guard spaceWeight > 0 else { return agreement }
        let space = SpaceKept.meanCosine(embeddings, dense: self.embeddings)
        return (agreement + spaceWeight * space) / (1 + spaceWeight)
    }

    static func agreement(_ similarities: [Double], with reference: [Double]) -> Double {
        similarities == reference ? 1 : Correlation.pearson(similarities, reference)
    }

    /// Cosines of all pairs of embeddings.
    static func similarities(_ embeddings: Matrix) -> [Double] {
        let count = embeddings.rows
        let embeddings = embeddings.normalizingRows
        var products = Matrix(rows: count, columns: count)
        BLAS.multiply(embeddings, embeddings, transposeB: true, into: &products)
        var upper: [Double] = []
        upper.reserveCapacity(count * (count - 1) / 2)
        for row in 0..<count {
            for column in row + 1..<max(count, row + 1) { upper.append(Double(products[row, column])) }
        }
        return upper
    }
}
