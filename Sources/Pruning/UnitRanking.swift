import Levels
import Tensors
import Transformers

/// The heads or neurons of a sublayer, the most important first: at every width the first of them are left.
public struct UnitRanking: Sendable, Equatable, Codable {
    /// Features of a unit.
    public let unit: Int
    /// The units by number.
    public let order: [Int]

    init(unit: Int, order: [Int]) {
        (self.unit, self.order) = (unit, order)
    }

    /// Ranks units by the sums of their columns' scores in the layer that ends the sublayer: with the score `obs`, by
    /// the diagonal of ZipLM's (Kurtic, Frantar and Alistarh, 2023), Σ ‖w_:j‖² / [H⁻¹]ⱼⱼ.
    ///
    /// - Parameters:
    ///   - shape: the layer.
    ///   - evidence: its weight, and the covariance of its inputs where the score needs it.
    /// - Throws: `Issue` for evidence that is missing, or a covariance that is not positive definite.
    init(ending shape: LayerShape, evidence: LayerEvidence, score: PruningScore, seed: UInt64 = 1) throws {
        var random = CounterBasedRandom(seed: seed, stream: .structureScores)
        let scores = try StructuredScores.scores(
            ofColumns: evidence, unit: shape.unit, score, name: shape.name, random: &random)
        unit = shape.unit
        order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    }

    /// The rankings of those sublayers that get narrower, by the places of their layers.
    ///
    /// - Parameters:
    ///   - places: of layers that get narrower.
    ///   - weight: gives a layer's weight by its name.
    ///   - covariance: gives that of a layer's inputs; nil where there is none.
    static func rankings(
        of layers: [LayerShape], narrowing places: Set<Int>, weight: (String) throws -> Matrix,
        covariance: (LayerShape) throws -> InputCovariance?, score: PruningScore
    ) throws -> [Int: UnitRanking] {
        guard !places.isEmpty else { return [:] }
        // Covariances are best asked for from the first layer on.
        _ = try covariance(layers[0])
        var rankings: [Int: UnitRanking] = [:]
        for sublayer in layers.sublayers where !places.isDisjoint(with: sublayer) {
            let end = layers[sublayer[sublayer.count - 1]]
            precondition(end.role.endsSublayer)
            var evidence = LayerEvidence(weight: try weight(end.name))
            evidence.covariance = try covariance(end)
            let ranking = try UnitRanking(ending: end, evidence: evidence, score: score)
            for place in sublayer { rankings[place] = ranking }
        }
        return rankings
    }

    /// The features that are left when there are so many, ascending.
    public func kept(_ features: Int) -> [Int] {
        order.prefix(features / unit).sorted().flatMap { $0 * unit..<($0 + 1) * unit }
    }

    /// Whether these are all the units of so many features.
    func covers(_ features: Int) -> Bool {
        (1...1 << 24).contains(unit) && features % unit == 0 && order.sorted() == Array(0..<features / unit)
    }

    /// Where the rows or columns of a layer stood that are left at a width below 1.
    func place(_ matrix: Matrix, of shape: LayerShape, at width: Double) -> PrunedWeight {
        let left = kept(shape.innerFeatures(atWidth: width))
        return shape.role.endsSublayer
            ? PrunedWeight(matrix, columns: left) : PrunedWeight(matrix, rows: left)
    }
}
