/// A dense row-major matrix of single-precision numbers, [rows × columns].
///
///     var weight = Matrix(rows: 2, columns: 3, elements: [1, 2, 3, 4, 5, 6])
///     weight[1, 0]  // 4
///
/// A value type: copies share storage until one of them is written to.
public struct Matrix: Sendable, Equatable {
    /// Number of rows.
    public let rows: Int
    /// Number of columns.
    public let columns: Int
    /// The elements, row after row; always `rows × columns` of them.
    public var elements: [Float] {
        get { storage }
        // In place: an observer would have every write copy all of them.
        _modify {
            defer { precondition(storage.count == rows * columns, "the number of elements is fixed") }
            yield &storage
        }
    }
    private var storage: [Float]

    /// Makes a matrix of given elements, row after row.
    public init(rows: Int, columns: Int, elements: [Float]) {
        precondition(rows >= 0 && columns >= 0 && elements.count == rows * columns)
        self.rows = rows
        self.columns = columns
        storage = elements
    }

    /// Makes a matrix that repeats one value.
    public init(rows: Int, columns: Int, repeating value: Float = 0) {
        self.init(
            rows: rows, columns: columns, elements: [Float](repeating: value, count: rows * columns))
    }

    /// The element at a row and a column, both counted from 0.
    public subscript(row: Int, column: Int) -> Float {
        get { storage[row * columns + column] }
        _modify { yield &storage[row * columns + column] }
    }

    /// The elements of one row.
    public func row(_ row: Int) -> ArraySlice<Float> {
        elements[row * columns..<(row + 1) * columns]
    }

    /// Some rows, in the order asked for, [indices × columns].
    public func selectingRows(_ indices: [Int]) -> Matrix {
        Matrix(rows: indices.count, columns: columns, elements: indices.flatMap(row))
    }

    /// Some columns, in the order asked for, [rows × indices].
    public func selectingColumns(_ indices: [Int]) -> Matrix {
        Matrix(
            rows: rows, columns: indices.count,
            elements: (0..<rows).flatMap { row in indices.map { self[row, $0] } })
    }

    /// Number of elements that are exactly zero.
    public var zeroCount: Int {
        elements.reduce(into: 0) { count, value in if value == 0 { count += 1 } }
    }

    /// Fraction of elements that are exactly zero, in [0, 1]; 0 for an empty matrix.
    public var sparsity: Double {
        elements.isEmpty ? 0 : Double(zeroCount) / Double(elements.count)
    }
}
