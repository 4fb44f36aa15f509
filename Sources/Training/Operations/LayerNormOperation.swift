import Tensors

/// ``RowNormalization`` of X [tokens × features], with learned γ and β.
struct LayerNormOperation {
    let gamma: Parameter
    let beta: Parameter
    let epsilon: Float

    /// What backward needs.
    struct Saved {
        /// X̂ [tokens × features].
        let normalized: Matrix
        /// 1 / √(variance + ε) of each token.
        let inverseDeviation: [Float]
    }

    func forward(_ x: Matrix, pool: ThreadPool) -> (y: Matrix, saved: Saved) {
        let (y, normalized, inverseDeviation) = RowNormalization.forward(
            x, gamma: gamma.value, beta: beta.value, epsilon: epsilon, pool: pool)
        return (y, Saved(normalized: normalized, inverseDeviation: inverseDeviation))
    }

    /// dγ += Σ dY ∘ X̂, dβ += Σ dY; returns dX.
    func backward(_ dy: Matrix, saved: Saved, pool: ThreadPool) -> Matrix {
        dy.addColumnSums(to: &beta.gradient.elements, pool: pool)
        dy.addColumnSums(weightedBy: saved.normalized, to: &gamma.gradient.elements, pool: pool)
        return RowNormalization.backward(
            dy, gamma: gamma.value, normalized: saved.normalized,
            inverseDeviations: saved.inverseDeviation, pool: pool)
    }
}
