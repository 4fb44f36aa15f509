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
        let columns = matrix.rows
        let tokens = input.tokens
        self.tokens += tokens
        matrix.elements.withUnsafeMutableBufferPointer { output in
            inputs.elements.withUnsafeBufferPointer { x in
                guard let target = output.baseAddress, let source = x.baseAddress else { return }
                let strips = Strips(target: target, source: source)
                pool.run { worker in
                    let rows = pool.share(of: columns, worker: worker)
                    BLAS.multiplyTransposed(
                        m: rows.count, n: columns, k: tokens,
                        a: strips.source + rows.lowerBound * tokens, b: strips.source,
                        c: strips.target + rows.lowerBound * columns)
                }
            }
        }
    }

    /// Euclidean norm of each input column over all tokens, ‖x_j‖₂.
    public var columnNorms: [Float] {
        (0..<matrix.rows).map { max(matrix[$0, $0], 0).squareRoot() }
    }
}

/// Addresses that workers share, each writing to rows of its own.
private struct Strips: @unchecked Sendable {
    let target: UnsafeMutablePointer<Float>
    let source: UnsafePointer<Float>
}
