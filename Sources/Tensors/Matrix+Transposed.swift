extension Matrix {
    /// [columns × rows]
    public var transposed: Matrix {
        let result = [Float](unsafeUninitializedCapacity: rows * columns) { target, count in
            elements.withUnsafeBufferPointer { source in
                for row in 0..<rows {
                    for column in 0..<columns {
                        target.initializeElement(at: column * rows + row, to: source[row * columns + column])
                    }
                }
            }
            count = rows * columns
        }
        return Matrix(rows: columns, columns: rows, elements: result)
    }
}
