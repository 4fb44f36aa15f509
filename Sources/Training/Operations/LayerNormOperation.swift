import Tensors

/// Y = X̂ ∘ γ + β with X̂ = (X − mean) / √(variance + ε) over each row of X [tokens × features]
/// (Ba, Kiros and Hinton, 2016).
struct LayerNormOperation {
    let gamma: Parameter
    let beta: Parameter
    let epsilon: Float

    /// What backward needs.
    struct Saved {
        /// X̂ [tokens × features].
        let normalised: Matrix
        /// 1 / √(variance + ε) of each token.
        let inverseDeviation: [Float]
    }

    func forward(_ x: Matrix, pool: ThreadPool) -> (y: Matrix, saved: Saved) {
        let epsilon = epsilon
        let statistics = pool.map(count: x.rows) { row in
            let values = x.row(row)
            let count = Float(values.count)
            let mean = values.reduce(0, +) / count
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
            return (mean: mean, inverse: 1 / (variance + epsilon).squareRoot())
        }
        var normalised = x
        normalised.forEachRow(pool: pool) { row, out in
            let (mean, inverse) = statistics[row]
            for column in out.indices { out[column] = (out[column] - mean) * inverse }
        }
        var y = normalised
        let (gamma, beta) = (gamma.value, beta.value)
        y.forEachRow(pool: pool) { _, out in
            for column in out.indices {
                out[column] = out[column] * gamma.elements[column] + beta.elements[column]
            }
        }
        return (y, Saved(normalised: normalised, inverseDeviation: statistics.map(\.inverse)))
    }

    /// dγ += Σ dY ∘ X̂, dβ += Σ dY; returns dX = (G − mean(G) − X̂ ∘ mean(G ∘ X̂)) / √(variance + ε) with
    /// G = dY ∘ γ.
    func backward(_ dy: Matrix, saved: Saved, pool: ThreadPool) -> Matrix {
        let hat = saved.normalised
        dy.addColumnSums(to: &beta.gradient.elements)
        dy.addColumnSums(weightedBy: hat, to: &gamma.gradient.elements)
        var dx = dy
        let gamma = gamma.value
        dx.forEachRow(pool: pool) { row, out in
            let line = row * out.count
            var (mean, meanWithHat): (Float, Float) = (0, 0)
            for column in out.indices {
                out[column] *= gamma.elements[column]
                mean += out[column]
                meanWithHat += out[column] * hat.elements[line + column]
            }
            mean /= Float(out.count)
            meanWithHat /= Float(out.count)
            let inverse = saved.inverseDeviation[row]
            for column in out.indices {
                out[column] = (out[column] - mean - hat.elements[line + column] * meanWithHat) * inverse
            }
        }
        return dx
    }
}
