import Foundation
import Tensors
import Transformers

/// What feed-forward layers compute between them, and its gradient.
enum ActivationOperation {
    /// Y = f(X)
    static func forward(_ x: Matrix, _ activation: EncoderActivation, pool: ThreadPool) -> Matrix {
        var y = Matrix(rows: x.rows, columns: x.columns)
        switch activation {
        case .gelu: Elementwise.gelu(x, into: &y, pool: pool)
        case .tanhGELU: combine(x, &y, pool) { x, _ in x * (1 + tanh(tanhArgument(x))) / 2 }
        case .relu: combine(x, &y, pool) { x, _ in max(0, x) }
        }
        return y
    }

    /// dX = dY ∘ f′(X)
    static func backward(
        _ dy: Matrix, x: Matrix, _ activation: EncoderActivation, pool: ThreadPool
    ) -> Matrix {
        var dx = dy
        switch activation {
        case .gelu: Elementwise.multiplyByGELUSlope(&dx, x, pool: pool)
        case .tanhGELU:
            combine(x, &dx, pool) { x, dy in
                let value = tanh(tanhArgument(x))
                let slope = root * (1 + 3 * cubic * x * x)
                return dy * ((1 + value) / 2 + x * (1 - value * value) * slope / 2)
            }
        case .relu: combine(x, &dx, pool) { x, dy in x > 0 ? dy : 0 }
        }
        return dx
    }

    private static let root: Float = 0.797_884_56  // √(2/π)
    private static let cubic: Float = 0.044715

    private static func tanhArgument(_ x: Float) -> Float { root * (x + cubic * x * x * x) }

    /// Y ← f(X, Y), element by element.
    private static func combine(
        _ x: Matrix, _ y: inout Matrix, _ pool: ThreadPool, _ function: @Sendable (Float, Float) -> Float
    ) {
        let elements = x.elements
        pool.forEachPart(of: &y.elements) { first, part in
            for index in part.indices { part[index] = function(elements[first + index], part[index]) }
        }
    }
}
