import Tensors

/// Refits the kept weights of a pruned layer, all at once, with the zeros where they are.
///
/// Row by row it minimizes (w − w⁰)·H·(w − w⁰)ᵀ over the support of w by conjugate gradients, with the
/// diagonal of H as preconditioner (Meng et al., "ALPS", NeurIPS 2024, section 3.3). A column-by-column pass
/// leaves something to gain, as a column never makes up for those dropped after it. Each step is one
/// matrix product for all rows.
struct SupportRefinement {
    /// w⁰ [rows × columns].
    let dense: Matrix
    /// w [rows × columns], whose zeros are kept.
    let pruned: Matrix
    /// H [columns × columns], positive definite.
    let covariance: Matrix
    /// Most of the gain after a column-by-column pass is in the first few steps.
    var steps = 6

    func run() -> Matrix {
        let (rows, columns) = (pruned.rows, pruned.columns)
        var weight = pruned.elements
        let mask = weight.map { $0 == 0 ? 0 : Float(1) }
        let inverseDiagonal = (0..<columns).map { 1 / covariance[$0, $0] }
        var product = [Float](repeating: 0, count: weight.count)
        var direction = zip(dense.elements, weight).map { $0 - $1 }
        multiply(direction, into: &product)
        var residual = zip(product, mask).map { $0 * $1 }
        // ⟨r, z⟩ of each row, with z = r / diag H.
        var energy = [Float](repeating: 0, count: rows)
        for row in 0..<rows {
            for column in 0..<columns {
                let index = row * columns + column
                direction[index] = residual[index] * inverseDiagonal[column]
                energy[row] += residual[index] * direction[index]
            }
        }
        for _ in 0..<steps {
            multiply(direction, into: &product)
            for row in 0..<rows {
                let line = row * columns
                var curvature: Float = 0
                for index in line..<line + columns { curvature += direction[index] * product[index] }
                // A row that is solved, or wholly zero, has no direction left.
                guard curvature > 0, energy[row] > 0 else { continue }
                let step = energy[row] / curvature
                var next: Float = 0
                for column in 0..<columns {
                    let index = line + column
                    weight[index] += step * direction[index]
                    residual[index] -= step * product[index] * mask[index]
                    next += residual[index] * residual[index] * inverseDiagonal[column]
                }
                let ratio = next / energy[row]
                energy[row] = next
                for column in 0..<columns {
                    let index = line + column
                    direction[index] = residual[index] * inverseDiagonal[column] + ratio * direction[index]
                }
            }
        }
        return Matrix(rows: rows, columns: columns, elements: weight)
    }

    /// product ← direction · H.
    private func multiply(_ direction: [Float], into product: inout [Float]) {
        let (rows, columns) = (pruned.rows, pruned.columns)
        BLAS.multiply(
            m: rows, n: columns, k: columns, alpha: 1, a: direction, lda: columns, b: covariance.elements,
            ldb: columns, beta: 0, c: &product, ldc: columns)
    }
}
