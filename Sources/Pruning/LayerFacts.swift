import SparseKernels
import Tensors

/// What a layer is like before it is pruned: what searchers that measure nothing go by.
public struct LayerFacts: Sendable, Equatable, Codable {
    /// Outputs.
    public let rows: Int
    /// Inputs.
    public let cols: Int
    /// Quantiles of |w|, ascending, at 0, 1/256, … 1.
    public let magnitudeQuantiles: [Float]
    /// The fraction of Wanda scores |w_ij|·‖x_j‖ above ``outlierFactor`` times the layer's mean (Yin et al.,
    /// "Outlier Weighed Layerwise Sparsity", ICML 2024, section 3.2).
    public let outlierRatio: Double
    /// tr(W·H·Wᵀ) with H the input covariance: what relative output errors are relative to.
    public let outputEnergy: Double

    /// M of OWL; its code uses 5 for most models.
    public static let outlierFactor: Float = 5
    /// Steps between quantiles.
    static let quantileSteps = 256

    /// Of a layer that nothing is known of.
    public static let unknown = LayerFacts(
        rows: 1, cols: 1, magnitudeQuantiles: [0, 1], outlierRatio: 0, outputEnergy: 1)

    /// Takes what is known.
    public init(rows: Int, cols: Int, magnitudeQuantiles: [Float], outlierRatio: Double, outputEnergy: Double)
    {
        self.rows = rows
        self.cols = cols
        self.magnitudeQuantiles = magnitudeQuantiles
        self.outlierRatio = outlierRatio
        self.outputEnergy = outputEnergy
    }

    /// Looks at a layer's weight [rows × cols] and the covariance of its inputs, all alike where there is
    /// none.
    init(weight: Matrix, covariance: InputCovariance?, outputEnergy: Double) {
        rows = weight.rows
        cols = weight.columns
        let sorted = weight.elements.map(abs).sorted()
        magnitudeQuantiles = (0...Self.quantileSteps).map { step in
            sorted[step * (sorted.count - 1) / Self.quantileSteps]
        }
        let norms = covariance?.columnNorms ?? [Float](repeating: 1, count: weight.columns)
        var sum = 0.0
        for row in 0..<weight.rows {
            for (weight, norm) in zip(weight.row(row), norms) { sum += Double(abs(weight) * norm) }
        }
        let bar = Self.outlierFactor * Float(sum / Double(weight.elements.count))
        var outliers = 0
        for row in 0..<weight.rows {
            for (weight, norm) in zip(weight.row(row), norms) where abs(weight) * norm > bar { outliers += 1 }
        }
        outlierRatio = Double(outliers) / Double(weight.elements.count)
        self.outputEnergy = outputEnergy
    }

    /// The fraction of weights whose magnitude is below a threshold, between quantiles by interpolation.
    public func fraction(below threshold: Double) -> Double {
        let steps = magnitudeQuantiles.count - 1
        guard let above = magnitudeQuantiles.firstIndex(where: { Double($0) > threshold }) else { return 1 }
        guard above > 0 else { return 0 }
        let (low, high) = (Double(magnitudeQuantiles[above - 1]), Double(magnitudeQuantiles[above]))
        return (Double(above - 1) + (threshold - low) / (high - low)) / Double(steps)
    }
}
