import Tensors

/// One tensor that training changes, with its gradient.
public final class Parameter {
    /// Its name in the checkpoint.
    public let name: String
    /// Its shape there: a matrix [rows × columns], or a vector as one row.
    public let shape: [Int]
    /// The present value; vectors are [1 × count].
    public var value: Matrix
    /// ∂loss/∂value, summed over the backward passes since ``clearGradient()``.
    public var gradient: Matrix
    /// Σ_tokens dy·dyᵀ [rows × rows] with dy the gradient at the outputs of the linear layer whose weight
    /// this is, summed over backward passes; nil where nobody asked for it.
    public var outputGradientCovariance: Matrix?
    /// Whether weight decay applies: to matrices, not to biases and norms (as BERT's authors trained).
    public let decays: Bool
    /// 1 for elements that training may change, 0 for those that stay zero; nil when all may.
    public private(set) var mask: [Float]?

    /// Takes a tensor of one or two dimensions.
    public init(name: String, shape: [Int], elements: [Float]) {
        precondition((1...2).contains(shape.count))
        self.name = name
        self.shape = shape
        value = Matrix(rows: shape.count == 2 ? shape[0] : 1, columns: shape.last ?? 0, elements: elements)
        gradient = Matrix(rows: value.rows, columns: value.columns)
        decays = shape.count == 2
    }

    /// A tensor of zeros.
    public static func zeros(_ name: String, shape: [Int]) -> Parameter {
        Parameter(name: name, shape: shape, elements: [Float](repeating: 0, count: shape.reduce(1, *)))
    }

    /// Rows that the gradient is not zero in, where it is known to be zero in most, as for embeddings; nil
    /// where any may have one.
    public private(set) var rowsWithGradient: Set<Int>?

    /// Promises that gradients are only added by ``addGradient(_:row:toRow:)``.
    func expectGradientsInFewRows() {
        if rowsWithGradient == nil { rowsWithGradient = [] }
    }

    /// Adds one row of a matrix to one row of the gradient.
    func addGradient(_ matrix: Matrix, row source: Int, toRow target: Int) {
        rowsWithGradient?.insert(target)
        let columns = value.columns
        gradient.elements.withUnsafeMutableBufferPointer { gradient in
            matrix.elements.withUnsafeBufferPointer { matrix in
                let to = UnsafeMutableBufferPointer(
                    rebasing: gradient[target * columns..<(target + 1) * columns])
                let from = UnsafeBufferPointer(rebasing: matrix[source * columns..<(source + 1) * columns])
                for column in 0..<columns { to[column] += from[column] }
            }
        }
    }

    /// Forgets the gradient.
    public func clearGradient() {
        let columns = value.columns
        gradient.elements.withUnsafeMutableBufferPointer { gradient in
            guard let rows = rowsWithGradient else { return gradient.update(repeating: 0) }
            for row in rows {
                UnsafeMutableBufferPointer(rebasing: gradient[row * columns..<(row + 1) * columns])
                    .update(repeating: 0)
            }
        }
        if rowsWithGradient != nil { rowsWithGradient = [] }
    }

    /// Asks for ``outputGradientCovariance``, from zero on.
    public func observeOutputGradients() {
        outputGradientCovariance = Matrix(rows: value.rows, columns: value.rows)
    }

    /// Zeros the gradient of the elements that are held at zero.
    func maskGradient(pool: ThreadPool) {
        guard let mask else { return }
        pool.forEachPart(of: &gradient.elements) { first, gradient in
            mask.withUnsafeBufferPointer { mask in
                for index in gradient.indices { gradient[index] *= mask[first + index] }
            }
        }
    }

    /// Keeps the elements that are zero now at zero.
    public func holdZeros() {
        hold(value.elements.map { $0 == 0 ? 0 : 1 })
    }

    /// The same tensor with only some of its rows or columns; what is held at zero is held there too.
    ///
    /// - Parameters:
    ///   - name: another name.
    ///   - value: other values of the same shape.
    func cut(named name: String? = nil, value: Matrix? = nil, _ part: (Matrix) -> Matrix = { $0 })
        -> Parameter
    {
        let matrix = part(value ?? self.value)
        let cut = Parameter(
            name: name ?? self.name,
            shape: shape.count == 2 ? [matrix.rows, matrix.columns] : [matrix.columns],
            elements: matrix.elements)
        if let mask {
            cut.hold(
                part(Matrix(rows: self.value.rows, columns: self.value.columns, elements: mask)).elements)
        }
        return cut
    }

    /// Goes back to an earlier mask.
    func restore(mask: [Float]?) {
        self.mask = mask
    }

    /// Zeros the elements where `mask` is 0 and keeps them so, along with those that are held already.
    public func hold(_ mask: [Float]) {
        precondition(mask.count == value.elements.count)
        let mask = self.mask.map { held in zip(mask, held).map { $0 * $1 } } ?? mask
        for (index, kept) in mask.enumerated() where kept == 0 { value.elements[index] = 0 }
        self.mask = mask
    }
}
