import Tensors

/// What calibration leaves of a layer's inputs X [columns × tokens]: H = X·Xᵀ [columns × columns].
public struct InputCovariance: Sendable {
    /// H, symmetric.
    public var matrix: Matrix
    /// How many tokens were seen.
    public var tokens: Int

    /// Starts with none seen.
    public init(columns: Int) {
        matrix = Matrix(rows: columns, columns: columns)
        tokens = 0
    }

    /// Adds the inputs of one pass, its rows shared out among the threads.
    public mutating func add(_ input: PanelMatrix, pool: ThreadPool) {
        precondition(input.features == matrix.rows)
        // Row-major [columns × tokens], which is what BLAS multiplies fastest.
        let inputs = input.matrix
        tokens += input.tokens
        BLAS.multiply(inputs, inputs, transposeB: true, into: &matrix, beta: 1, pool: pool)
    }

    /// Adds inputs that are rows of tokens [tokens × columns].
    public mutating func add(rows inputs: Matrix, pool: ThreadPool) {
        precondition(inputs.columns == matrix.rows)
        tokens += inputs.rows
        BLAS.multiply(inputs, transposeA: true, inputs, into: &matrix, beta: 1, pool: pool)
    }

    /// Euclidean norm of each input column over all tokens, ‖x_j‖₂.
    public var columnNorms: [Float] {
        (0..<matrix.rows).map { max(matrix[$0, $0], 0).squareRoot() }
    }
}
