import Levels
import Tensors

/// Removes whole input columns of a layer as optimal brain surgery does (Kurtic, Frantar and Alistarh,
/// "ZipLM", 2023): the columns that stay make up for those that go.
public enum ColumnRemoval {
    /// The weight with zeros in the columns that go, refitted to the outputs of the whole layer on the
    /// calibration inputs.
    /// - Throws: `Issue` for a covariance of another shape, or not positive definite.
    public static func refitted(
        _ weight: Matrix, keeping columns: [Int], covariance: InputCovariance, layer: String
    ) throws -> Matrix {
        guard covariance.matrix.rows == weight.columns else {
            throw Issue(
                .mismatch, .other(layer), found: "a covariance of \(covariance.matrix.rows) columns",
                allowed: "\(weight.columns)")
        }
        var mask = [Bool](repeating: false, count: weight.columns)
        for column in columns { mask[column] = true }
        var pruned = weight
        for row in 0..<weight.rows {
            for column in 0..<weight.columns where !mask[column] { pruned[row, column] = 0 }
        }
        let factor = try OBSFactor(covariance, layer: layer)
        return SupportRefinement(dense: weight, pruned: pruned, covariance: factor.damped, steps: 40).run()
    }
}
