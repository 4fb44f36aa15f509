import Tensors

/// Where a parameter stands in a file, and how its elements lie there.
struct StoredParameter {
    /// How a matrix [outputs × inputs] is stored.
    enum Layout {
        /// As it is.
        case plain
        /// [inputs × outputs], as GPT-2's Conv1D.
        case transposed
        /// The two halves of each head's rows interleaved: GGUF files of Llama rotate neighbours where
        /// Hugging Face rotates halves.
        case interleaved(heads: Int)
    }

    /// The name in the file.
    var name: String
    /// The layout in the file.
    var layout = Layout.plain

    /// The same without a prefix, where only that is among the names of a file.
    func spelt(as names: [String], prefix: String?) -> StoredParameter {
        guard let prefix, name.hasPrefix(prefix), !names.contains(name) else { return self }
        return StoredParameter(name: String(name.dropFirst(prefix.count)), layout: layout)
    }

    /// The stored shape of a matrix [rows × columns].
    func shape(rows: Int, columns: Int) -> [Int] {
        if case .transposed = layout { return [columns, rows] }
        return [rows, columns]
    }

    /// [rows × columns] from the elements as stored.
    func decoded(_ elements: [Float], rows: Int, columns: Int) -> Matrix {
        switch layout {
        case .plain: Matrix(rows: rows, columns: columns, elements: elements)
        case .transposed: Matrix(rows: columns, columns: rows, elements: elements).transposed
        case .interleaved(let heads):
            Self.reordered(Matrix(rows: rows, columns: columns, elements: elements)) {
                Self.interleavedRow(of: $0, rows: rows, heads: heads)
            }
        }
    }

    /// The elements to store of a matrix.
    func encoded(_ matrix: Matrix) -> [Float] {
        switch layout {
        case .plain: return matrix.elements
        case .transposed: return matrix.transposed.elements
        case .interleaved(let heads):
            var source = [Int](repeating: 0, count: matrix.rows)
            for row in 0..<matrix.rows {
                source[Self.interleavedRow(of: row, rows: matrix.rows, heads: heads)] = row
            }
            return Self.reordered(matrix) { source[$0] }.elements
        }
    }

    /// Where row `row` of the plain order stands in the interleaved one.
    private static func interleavedRow(of row: Int, rows: Int, heads: Int) -> Int {
        let size = rows / heads
        let (head, place) = (row / size, row % size)
        return head * size + place % (size / 2) * 2 + place / (size / 2)
    }

    private static func reordered(_ matrix: Matrix, _ source: (Int) -> Int) -> Matrix {
        var elements: [Float] = []
        elements.reserveCapacity(matrix.elements.count)
        for row in 0..<matrix.rows { elements += matrix.row(source(row)) }
        return Matrix(rows: matrix.rows, columns: matrix.columns, elements: elements)
    }
}
