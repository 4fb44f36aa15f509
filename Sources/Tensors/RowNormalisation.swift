/// Normalization of rows as layers of transformers do it (Ba, Kiros and Hinton, "Layer Normalization", 2016).
public enum RowNormalization {
    /// Y = X̂ ∘ γ + β with X̂ = (X − mean) / √(variance + ε) over each row of X [rows × features].
    ///
    /// - Parameters:
    ///   - gamma: γ [1 × features].
    ///   - beta: β [1 × features].
    /// - Returns: Y, X̂ and 1 / √(variance + ε) of each row.
    public static func forward(
        _ x: Matrix, gamma: Matrix, beta: Matrix, epsilon: Float, pool: ThreadPool
    ) -> (y: Matrix, normalized: Matrix, inverseDeviations: [Float]) {
        precondition(gamma.elements.count == x.columns && beta.elements.count == x.columns)
        var y = Matrix(rows: x.rows, columns: x.columns)
        var hat = y
        var inverses = [Float](repeating: 0, count: x.rows)
        let (rows, columns) = (x.rows, x.columns)
        y.elements.withShared { y in
            hat.elements.withShared { hat in
                inverses.withShared { inverses in
                    pool.run { worker in
                        x.elements.withUnsafeBufferPointer { x in
                            for row in pool.share(of: rows, worker: worker) {
                                inverses.address[row] = normalize(
                                    UnsafeBufferPointer(rebasing: x[row * columns..<(row + 1) * columns]),
                                    gamma: gamma.elements, beta: beta.elements, epsilon: epsilon,
                                    hat: hat.address + row * columns, y: y.address + row * columns)
                            }
                        }
                    }
                }
            }
        }
        return (y, hat, inverses)
    }

    /// dX = (G − mean(G) − X̂ ∘ mean(G ∘ X̂)) / √(variance + ε) with G = dY ∘ γ.
    public static func backward(
        _ dy: Matrix, gamma: Matrix, normalized: Matrix, inverseDeviations: [Float], pool: ThreadPool
    ) -> Matrix {
        precondition(dy.columns == normalized.columns && dy.rows == inverseDeviations.count)
        var dx = dy
        let columns = dy.columns
        dx.forEachRow(pool: pool) { row, out in
            gamma.elements.withUnsafeBufferPointer { gamma in
                for column in 0..<columns { out[column] *= gamma[column] }
            }
            normalized.elements.withUnsafeBufferPointer { all in
                let hat = UnsafeBufferPointer(rebasing: all[row * columns..<(row + 1) * columns])
                let gradient = UnsafeBufferPointer(out)
                let mean = LaneSums.sum(gradient) / Float(columns)
                let along = LaneSums.dot(gradient, hat) / Float(columns)
                let inverse = inverseDeviations[row]
                for column in 0..<columns {
                    out[column] = (out[column] - mean - hat[column] * along) * inverse
                }
            }
        }
        return dx
    }

    private static func normalize(
        _ x: UnsafeBufferPointer<Float>, gamma: [Float], beta: [Float], epsilon: Float,
        hat: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>
    ) -> Float {
        let count = Float(x.count)
        let mean = LaneSums.sum(x) / count
        for column in 0..<x.count { hat[column] = x[column] - mean }
        let centred = UnsafeBufferPointer(start: hat, count: x.count)
        let inverse = 1 / (LaneSums.dot(centred, centred) / count + epsilon).squareRoot()
        gamma.withUnsafeBufferPointer { gamma in
            beta.withUnsafeBufferPointer { beta in
                for column in 0..<x.count {
                    hat[column] *= inverse
                    y[column] = hat[column] * gamma[column] + beta[column]
                }
            }
        }
        return inverse
    }
}

/// Sums in sixteen partial sums, so that the compiler may use vectors; the order is fixed.
enum LaneSums {
    private typealias Lanes = SIMD16<Float>

    /// Σ aᵢ.
    static func sum(_ a: UnsafeBufferPointer<Float>) -> Float {
        var total = Lanes.zero
        var index = 0
        while index + 16 <= a.count {
            total += lanes(a, index)
            index += 16
        }
        return a[index...].reduce(total.sum(), +)
    }

    /// Σ aᵢ·bᵢ.
    static func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
        precondition(a.count == b.count)
        var total = Lanes.zero
        var index = 0
        while index + 16 <= a.count {
            total += lanes(a, index) * lanes(b, index)
            index += 16
        }
        return (index..<a.count).reduce(total.sum()) { $0 + a[$1] * b[$1] }
    }

    @inline(__always)
    private static func lanes(_ a: UnsafeBufferPointer<Float>, _ index: Int) -> Lanes {
        UnsafeRawPointer(a.baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: Lanes.self)
    }
}

extension [Float] {
    /// Lends the array's memory to a body that shares it among workers.
    fileprivate mutating func withShared(_ body: (SharedBuffer<Float>) -> Void) {
        withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            body(SharedBuffer(address: base))
        }
    }
}
