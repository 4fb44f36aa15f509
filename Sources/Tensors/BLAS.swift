import COpenBLAS

/// The few routines of OpenBLAS and LAPACK that Secateur calls, with shapes checked at the border.
///
/// Secateur splits work over its own ``ThreadPool``, and threads of two libraries would compete for the same
/// cores. OpenBLAS 0.3.21 has no number of threads but that of the process: a program calls
/// ``useOneThread()`` once, when it starts.
public enum BLAS {
    /// Tells OpenBLAS to compute on the calling thread only, in the whole process.
    public static func useOneThread() {
        use(threads: 1)
    }

    /// Lets OpenBLAS use threads of its own; for measuring it.
    public static func use(threads: Int) {
        openblas_set_num_threads(Int32(threads))
    }

    /// How many threads OpenBLAS uses.
    public static var threads: Int { Int(openblas_get_num_threads()) }

    /// The name of the CPU core that OpenBLAS optimizes for, such as `Haswell` or `SkylakeX`.
    public static var coreName: String {
        openblas_get_corename().map { String(cString: $0) } ?? "unknown"
    }

    /// C ← α·A·B + β·C with A [m × k] (or its transpose), B [k × n] (or its transpose), C [m × n], row-major.
    public static func multiply(
        _ a: Matrix, transposeA: Bool = false, _ b: Matrix, transposeB: Bool = false,
        alpha: Float = 1, into c: inout Matrix, beta: Float = 0
    ) {
        let (m, n, k) = productShape(a, transposeA, b, transposeB, c)
        guard m > 0, n > 0, k > 0 else { return }
        c.elements.withUnsafeMutableBufferPointer { output in
            cblas_sgemm(
                CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
                blasint(m), blasint(n), blasint(k), alpha, a.elements, blasint(a.columns),
                b.elements, blasint(b.columns), beta, output.baseAddress, blasint(n))
        }
    }

    /// m, n and k of C [m × n] = op(A) [m × k] · op(B) [k × n], which the matrices must have.
    static func productShape(
        _ a: Matrix, _ transposeA: Bool, _ b: Matrix, _ transposeB: Bool, _ c: Matrix
    ) -> (m: Int, n: Int, k: Int) {
        let m = transposeA ? a.columns : a.rows
        let k = transposeA ? a.rows : a.columns
        let n = transposeB ? b.rows : b.columns
        precondition(k == (transposeB ? b.columns : b.rows) && c.rows == m && c.columns == n)
        return (m, n, k)
    }

    /// C ← α·A·B + β·C on raw row-major blocks with leading dimensions; for blocked algorithms.
    ///
    /// - Parameters:
    ///   - a: [m × k], rows `lda` apart.
    ///   - b: [k × n], rows `ldb` apart.
    ///   - c: [m × n], rows `ldc` apart.
    public static func multiply(
        m: Int, n: Int, k: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
        b: UnsafePointer<Float>, ldb: Int, beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        guard m > 0, n > 0, k > 0 else { return }
        precondition(lda >= k && ldb >= n && ldc >= n)
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k),
            alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
    }

    /// Σ|x_i|: the simplest thing to do with every number of an array.
    public static func sumOfMagnitudes(_ x: [Float]) -> Float {
        cblas_sasum(blasint(x.count), x, 1)
    }

    /// ⟨A, B⟩ = Σ a_ij·b_ij of two matrices of one shape; rows in single precision, their sum in double.
    public static func dot(_ a: Matrix, _ b: Matrix) -> Double {
        precondition(a.rows == b.rows && a.columns == b.columns)
        return a.elements.withUnsafeBufferPointer { a0 in
            b.elements.withUnsafeBufferPointer { b0 in
                guard let aBase = a0.baseAddress, let bBase = b0.baseAddress else { return 0 }
                return (0..<a.rows).reduce(0.0) { sum, row in
                    let start = row * a.columns
                    return sum + Double(cblas_sdot(blasint(a.columns), aBase + start, 1, bBase + start, 1))
                }
            }
        }
    }

    /// The inverse of a symmetric positive definite matrix [n × n], row-major, by LAPACK's Cholesky
    /// routines `dpotrf` and `dpotri`; nil when the matrix is not positive definite.
    public static func inverseOfPositiveDefinite(_ matrix: [Double], n: Int) -> [Double]? {
        precondition(matrix.count == n * n)
        var result = matrix
        var size = Int32(n)
        var info: Int32 = 0
        dpotrf_("U", &size, &result, &size, &info)
        guard info == 0 else { return nil }
        dpotri_("U", &size, &result, &size, &info)
        guard info == 0 else { return nil }
        // Fortran's upper triangle is the lower one row-major: mirror it.
        for row in 0..<n {
            for column in row + 1..<max(n, row + 1) {
                result[row * n + column] = result[column * n + row]
            }
        }
        return result
    }

    /// The upper triangular factor U of A = Uᵀ·U for a symmetric positive definite A [n × n], row-major,
    /// zeros below the diagonal; nil when A is not positive definite.
    public static func upperCholesky(_ matrix: [Double], n: Int) -> [Double]? {
        precondition(matrix.count == n * n)
        var result = matrix
        var size = Int32(n)
        var info: Int32 = 0
        // Column-major lower L with A = L·Lᵀ is row-major upper U = Lᵀ with A = Uᵀ·U.
        dpotrf_("L", &size, &result, &size, &info)
        guard info == 0 else { return nil }
        for row in 1..<max(n, 1) {
            for column in 0..<row { result[row * n + column] = 0 }
        }
        return result
    }
}
