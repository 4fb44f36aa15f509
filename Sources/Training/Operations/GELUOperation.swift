import Foundation
import Tensors

/// Y = X ∘ Φ(X) with the normal distribution's Φ (Hendrycks and Gimpel, 2016), exact.
enum GELUOperation {
    static func forward(_ x: Matrix, pool: ThreadPool) -> Matrix {
        var y = x
        y.forEachRow(pool: pool) { _, row in
            for column in row.indices { row[column] *= cumulative(row[column]) }
        }
        return y
    }

    /// dX = dY ∘ (Φ(X) + X ∘ φ(X)).
    static func backward(_ dy: Matrix, x: Matrix, pool: ThreadPool) -> Matrix {
        var dx = x
        dx.forEachRow(pool: pool) { row, out in
            let line = row * out.count
            for column in out.indices {
                let value = out[column]
                let density = 0.398_942_28 * exp(-value * value / 2)
                out[column] = dy.elements[line + column] * (cumulative(value) + value * density)
            }
        }
        return dx
    }

    private static func cumulative(_ x: Float) -> Float {
        0.5 * (1 + erf(x * 0.707_106_78))
    }
}
