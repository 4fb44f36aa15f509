import Levels
import Tensors

/// How important a weight is: what is dropped first has the lowest score. Scores of weights add up to those
/// of units, heads and neurons.
public enum PruningScore: String, CaseIterable, Sendable, Codable {
    /// w² (Han et al., 2015).
    case magnitude
    /// |w·∂L/∂w|, the first-order effect on the loss of dropping w, averaged over batches (Molchanov et al.,
    /// 2017).
    case gradient
    /// ½·w²·(∂L/∂w)², averaged over batches: the second-order effect, with the Fisher information for the
    /// curvature (Theis et al., 2018).
    case fisher
    /// w²·‖xⱼ‖², the squared score of Wanda (Sun et al., 2023).
    case wanda
    /// w² / [H⁻¹]ⱼⱼ of optimal brain surgery (Hassibi and Stork, 1993), which also refits what is kept.
    case obs
    /// −Σₜ η·w·∂L/∂w over the steps of training: what moves towards zero goes (Sanh, Wolf and Rush, "Movement
    /// pruning", 2020, equation 4).
    case movement
    /// A random number, as a control.
    case random

    /// What a score is computed from, apart from the weights.
    public enum Evidence: Sendable {
        case nothing
        /// The inputs of every layer, which sentences give.
        case inputs
        /// The gradients of the loss, which labelled examples give.
        case gradients
        /// A whole training run.
        case training
    }

    /// Scores that need no labels: what a search can prune every layer by.
    public static let unlabelled = allCases.filter { $0.evidence == .nothing || $0.evidence == .inputs }

    /// What the score needs.
    public var evidence: Evidence {
        switch self {
        case .magnitude, .random: .nothing
        case .wanda, .obs: .inputs
        case .gradient, .fisher: .gradients
        case .movement: .training
        }
    }
}

/// What is known of a layer when it is pruned.
public struct LayerEvidence: Sendable {
    /// The weight [rows × columns].
    public var weight: Matrix
    /// The covariance of the layer's inputs.
    public var covariance: InputCovariance?
    /// Σ over batches of |w·g| and of (w·g)², [rows × columns] each.
    public var products: (absolute: [Float], squared: [Float])?
    /// Σ over rows of w·g for each batch, [columns]: the derivative of the loss by a gate at that input.
    public var gates: [[Float]] = []
    /// The scores of movement pruning.
    public var movement: [Float]?

    /// Starts with the weight alone.
    public init(weight: Matrix) {
        self.weight = weight
    }

    /// Adds the gradient [rows × columns] of one batch.
    public mutating func add(gradient: Matrix) {
        precondition(gradient.rows == weight.rows && gradient.columns == weight.columns)
        let count = weight.elements.count
        var (absolute, squared) =
            products ?? ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
        products = nil
        var gate = [Float](repeating: 0, count: weight.columns)
        for row in 0..<weight.rows {
            for column in 0..<weight.columns {
                let index = row * weight.columns + column
                let product = weight.elements[index] * gradient.elements[index]
                absolute[index] += abs(product)
                squared[index] += product * product
                gate[column] += product
            }
        }
        products = (absolute, squared)
        gates.append(gate)
    }

    /// The importance of every weight [rows × columns].
    ///
    /// - Parameter random: is drawn from by the random score.
    /// - Throws: `Issue` when what the score needs is not there, or the covariance is not positive
    ///   definite.
    public func importance(_ score: PruningScore, layer: String, random: inout CounterBasedRandom) throws
        -> Matrix
    {
        func missing(_ what: String) -> Issue {
            Issue(.missing, .other(layer), field: "score \(score.rawValue)", found: "no \(what)")
        }
        let count = weight.elements.count
        switch score {
        case .magnitude: return matrix(weight.elements.map { $0 * $0 })
        case .random: return matrix((0..<count).map { _ in Float(random.nextUniform()) })
        case .gradient:
            guard let products else { throw missing("gradients") }
            return matrix(products.absolute)
        case .fisher:
            guard let products else { throw missing("gradients") }
            return matrix(products.squared.map { $0 / 2 })
        case .movement:
            guard let movement else { throw missing("scores of a training run") }
            return matrix(movement)
        case .wanda:
            let norms = try inputs(for: score, layer: layer).columnNorms
            return matrix(
                weight.elements.enumerated().map { index, value in
                    let score = value * norms[index % weight.columns]
                    return score * score
                })
        case .obs:
            let factors = try curvature(try inputs(for: score, layer: layer), layer)
            return matrix(weight.elements.enumerated().map { $1 * $1 * factors[$0 % weight.columns] })
        }
    }

    /// The covariance of the layer's inputs, which a score needs.
    /// - Throws: `Issue` when it is missing or of another shape.
    func inputs(for score: PruningScore, layer: String) throws -> InputCovariance {
        guard let covariance, covariance.matrix.rows == weight.columns else {
            let found = covariance.map { "\($0.matrix.rows) columns" } ?? "no inputs"
            throw Issue(
                .mismatch, .other(layer), field: "score \(score.rawValue)", found: found,
                allowed: "inputs of \(weight.columns) columns")
        }
        return covariance
    }

    /// 1 / [H⁻¹]ⱼⱼ.
    private func curvature(_ covariance: InputCovariance, _ layer: String) throws -> [Float] {
        let factor = try OBSFactor(covariance, layer: layer)
        let n = weight.columns
        // H⁻¹ = Uᵀ·U, so its diagonal holds the squared norms of U's columns.
        var diagonal = [Float](repeating: 0, count: n)
        for row in 0..<n {
            for column in row..<n {
                let value = factor.upper[row, column]
                diagonal[column] += value * value
            }
        }
        return diagonal.map { 1 / $0 }
    }

    private func matrix(_ elements: [Float]) -> Matrix {
        Matrix(rows: weight.rows, columns: weight.columns, elements: elements)
    }
}
