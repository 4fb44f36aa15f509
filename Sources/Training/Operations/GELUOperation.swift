import Tensors

/// Y = X ∘ Φ(X) with the normal distribution's Φ (Hendrycks and Gimpel, 2016), exact.
enum GELUOperation {
    static func forward(_ x: Matrix, pool: ThreadPool) -> Matrix {
        var y = Matrix(rows: x.rows, columns: x.columns)
        Elementwise.gelu(x, into: &y, pool: pool)
        return y
    }

    /// dX = dY ∘ (Φ(X) + X ∘ φ(X)).
    static func backward(_ dy: Matrix, x: Matrix, pool: ThreadPool) -> Matrix {
        var dx = dy
        Elementwise.multiplyByGELUSlope(&dx, x, pool: pool)
        return dx
    }
}
