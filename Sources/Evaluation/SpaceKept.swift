import Tensors

/// How far embeddings stay in the space of the dense model's: what an index that was built with that is still worth.
public struct SpaceKept: Sendable, Codable, Equatable {
    /// How many neighbours are looked for.
    public static let neighbours = 10

    /// The mean cosine between a text's embedding and the dense model's of the same text.
    public let meanCosine: Double
    /// Of the ten texts nearest to one by the dense model, the mean share that is found when this one alone is embedded
    /// by the other model, and all others by the dense one (recall@10); of fewer texts, of all others.
    public let neighboursFound: Double
    /// How well similarities among the texts agree, as ``FidelityTask`` has it without a weight of the space; nil in
    /// files of earlier versions.
    public let agreement: Double?

    /// Compares embeddings [texts × features] with the dense model's of the same texts.
    public init(_ embeddings: Matrix, dense: Matrix) {
        precondition(embeddings.rows == dense.rows && embeddings.columns == dense.columns)
        let (own, dense) = (embeddings.normalizingRows, dense.normalizingRows)
        let count = dense.rows
        var (crossed, known) = (Matrix(rows: count, columns: count), Matrix(rows: count, columns: count))
        BLAS.multiply(own, dense, transposeB: true, into: &crossed)
        BLAS.multiply(dense, dense, transposeB: true, into: &known)
        let wanted = min(Self.neighbours, count - 1)
        func nearest(_ similarities: Matrix, to text: Int) -> Set<Int> {
            let others = (0..<count).filter { $0 != text }.sorted {
                (similarities[text, $0], $1) > (similarities[text, $1], $0)
            }
            return Set(others.prefix(wanted))
        }
        var (cosines, found) = (0.0, 0.0)
        for text in 0..<count {
            cosines += Double(crossed[text, text])
            guard wanted > 0 else { continue }
            let shared = nearest(crossed, to: text).intersection(nearest(known, to: text))
            found += Double(shared.count) / Double(wanted)
        }
        meanCosine = cosines / Double(max(count, 1))
        neighboursFound = wanted > 0 ? found / Double(count) : 1
        agreement = FidelityTask.agreement(
            FidelityTask.similarities(own), with: FidelityTask.similarities(dense))
    }

    /// The mean cosine alone, which takes no search for neighbours; at least one text.
    static func meanCosine(_ embeddings: Matrix, dense: Matrix) -> Double {
        let (own, dense) = (embeddings.normalizingRows, dense.normalizingRows)
        return zip(own.elements, dense.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            / Double(dense.rows)
    }
}
