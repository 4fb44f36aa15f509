import Levels
import Tensors

/// What optimal brain surgery needs of a layer's inputs: the upper Cholesky factor U of H⁻¹ = Uᵀ·U, made
/// once and used for every level (Frantar and Alistarh, "SparseGPT", 2023, section 3.3).
///
/// H is damped by 1 % of its mean diagonal; a column that was never active is dropped, its weights zero.
public struct OBSFactor: Sendable {
    /// U [columns × columns], upper triangular.
    public let upper: Matrix
    /// H with its damping [columns × columns].
    public let damped: Matrix
    /// Columns that no calibration token ever activated.
    public let deadColumns: [Bool]

    private init(upper: Matrix, damped: Matrix, deadColumns: [Bool]) {
        (self.upper, self.damped, self.deadColumns) = (upper, damped, deadColumns)
    }

    /// The same of some columns alone.
    /// - Throws: `Issue` when what is left of H is not positive definite.
    func selecting(_ columns: [Int], layer: String) throws -> OBSFactor {
        let left = damped.selectingRows(columns).selectingColumns(columns)
        let n = columns.count
        return OBSFactor(
            upper: try Self.upper(left.elements.map(Double.init), n: n, layer: layer), damped: left,
            deadColumns: columns.map { deadColumns[$0] })
    }

    /// U of H [n × n].
    private static func upper(_ h: [Double], n: Int, layer: String) throws -> Matrix {
        guard h.allSatisfy(\.isFinite), let inverse = BLAS.inverseOfPositiveDefinite(h, n: n),
            let factor = BLAS.upperCholesky(inverse, n: n)
        else {
            throw Issue(
                .outOfRange, .other(layer),
                found: "an input covariance [\(n) × \(n)] that is not positive definite")
        }
        return Matrix(rows: n, columns: n, elements: factor.map(Float.init))
    }

    /// Factorizes a covariance.
    /// - Throws: `Issue` when H is not positive definite even when damped.
    public init(_ covariance: InputCovariance, layer: String = "layer", damping: Double = 0.01) throws {
        let n = covariance.matrix.rows
        var h = covariance.matrix.elements.map(Double.init)
        deadColumns = (0..<n).map { h[$0 * n + $0] <= 0 }
        for column in 0..<n where deadColumns[column] { h[column * n + column] = 1 }
        let mean = (0..<n).reduce(0) { $0 + h[$1 * n + $1] } / Double(max(n, 1))
        for column in 0..<n { h[column * n + column] += damping * mean }
        damped = Matrix(rows: n, columns: n, elements: h.map(Float.init))
        upper = try Self.upper(h, n: n, layer: layer)
    }
}
