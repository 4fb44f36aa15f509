import COpenBLAS

extension BLAS {
    /// C ← α·op(A)·op(B) + β·C with the rows of C shared out among the threads of a pool.
    ///
    /// op(A) [m × k], op(B) [k × n], C [m × n], row-major. No sum is split, so that the result does not depend
    /// on the number of threads.
    public static func multiply(
        _ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false, alpha: Float = 1,
        into c: inout Matrix, beta: Float = 0, pool: ThreadPool
    ) {
        let (m, n, k) = productShape(a, transposeA, b, transposeB, c)
        guard m > 0, n > 0, k > 0 else { return }
        c.elements.withUnsafeMutableBufferPointer { output in
            guard let base = output.baseAddress else { return }
            let shared = SharedBuffer(address: base)
            pool.run { worker in
                // Whole tiles of the product's inner kernel: a ragged split costs both workers.
                let tiles = pool.share(of: (m + tile - 1) / tile, worker: worker)
                let rows = min(tiles.lowerBound * tile, m)..<min(tiles.upperBound * tile, m)
                guard !rows.isEmpty else { return }
                a.elements.withUnsafeBufferPointer { source in
                    guard let first = source.baseAddress else { return }
                    cblas_sgemm(
                        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
                        transposeB ? CblasTrans : CblasNoTrans, blasint(rows.count), blasint(n), blasint(k),
                        alpha, first + rows.lowerBound * (transposeA ? 1 : a.columns),
                        blasint(a.columns), b.elements, blasint(b.columns), beta,
                        shared.address + rows.lowerBound * n, blasint(n))
                }
            }
        }
    }

    /// Rows that a split keeps together.
    private static let tile = 16
}
