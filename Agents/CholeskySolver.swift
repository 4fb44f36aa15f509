/// Solves A x = b for a symmetric positive definite A by A = L Lᵀ (Cholesky), in n³/3 operations.
///
/// - Parameters:
///   - matrix: A, [n × n], row-major; only its lower triangle is read.
///   - rightSide: b, [n].
/// - Returns: x, or nil when A is not positive definite to working precision.
func solvePositiveDefinite(_ matrix: [Double], _ rightSide: [Double]) -> [Double]? {
    let count = rightSide.count
    precondition(matrix.count == count * count)
    var lower = matrix
    for row in 0..<count {
        for column in 0...row {
            var sum = lower[row * count + column]
            for inner in 0..<column { sum -= lower[row * count + inner] * lower[column * count + inner] }
            if row > column {
                lower[row * count + column] = sum / lower[column * count + column]
            } else {
                guard sum > 0 else { return nil }
                lower[row * count + row] = sum.squareRoot()
            }
        }
    }
    var solution = rightSide
    for row in 0..<count {
        for column in 0..<row { solution[row] -= lower[row * count + column] * solution[column] }
        solution[row] /= lower[row * count + row]
    }
    for row in (0..<count).reversed() {
        for below in row + 1..<max(row + 1, count) {
            solution[row] -= lower[below * count + row] * solution[below]
        }
        solution[row] /= lower[row * count + row]
    }
    return solution
}
