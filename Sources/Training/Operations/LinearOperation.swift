import Tensors

/// Y = X·Wᵀ + b with X [tokens × in], W [out × in], b [out], Y [tokens × out].
struct LinearOperation {
    let weight: Parameter
    let bias: Parameter

    func forward(_ x: Matrix, pool: ThreadPool) -> Matrix {
        var y = Matrix(rows: x.rows, columns: weight.value.rows)
        let bias = bias.value
        y.forEachRow(pool: pool) { _, row in _ = row.update(fromContentsOf: bias.elements) }
        BLAS.multiply(x, weight.value, transposeB: true, into: &y, beta: 1, pool: pool)
        return y
    }

    /// dW += dYᵀ·X, db += Σ_tokens dY; returns dX = dY·W [tokens × in].
    func backward(_ dy: Matrix, x: Matrix, pool: ThreadPool) -> Matrix {
        BLAS.multiply(dy, transposeA: true, x, into: &weight.gradient, beta: 1, pool: pool)
        dy.addColumnSums(to: &bias.gradient.elements, pool: pool)
        if var covariance = weight.outputGradientCovariance {
            weight.outputGradientCovariance = nil
            BLAS.multiply(dy, transposeA: true, dy, into: &covariance, beta: 1, pool: pool)
            weight.outputGradientCovariance = covariance
        }
        var dx = Matrix(rows: x.rows, columns: x.columns)
        BLAS.multiply(dy, weight.value, into: &dx, pool: pool)
        return dx
    }
}
