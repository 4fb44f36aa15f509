import COpenBLAS

extension BLAS {
    /// C ← α·op(A)·op(B) + β·C with the rows of C shared out among the threads of a pool.
    ///
    /// op(A) [m × k], op(B) [k × n], C [m × n], row-major. The result does not depend on the number of
    /// threads: blocks of rows are products of their own, as OpenBLAS may round a row otherwise in a call
    /// with more rows.
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
                let blocks = pool.share(of: (m + block - 1) / block, worker: worker)
                a.elements.withUnsafeBufferPointer { source in
                    guard let first = source.baseAddress else { return }
                    for number in blocks {
                        let start = number * block
                        cblas_sgemm(
                            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
                            transposeB ? CblasTrans : CblasNoTrans, blasint(min(block, m - start)),
                            blasint(n), blasint(k), alpha, first + start * (transposeA ? 1 : a.columns),
                            blasint(a.columns), b.elements, blasint(b.columns), beta,
                            shared.address + start * n, blasint(n))
                    }
                }
            }
        }
    }

    /// Rows of a block: most layers have a multiple of it, and each call packs B again.
    private static let block = 96
}
