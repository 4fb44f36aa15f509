import Tensors

extension AlignedBuffer where Element: ExpressibleByIntegerLiteral {
    /// A row-major matrix in blocks of rows and columns, as dense kernels read it:
    /// [rows/blockRows][columns/blockColumns][blockRows][blockColumns], filled up with zeros.
    convenience init(
        blocksOf elements: [Element], rows: Int, columns: Int, blockRows: Int, blockColumns: Int
    ) {
        let (down, across) = (
            (rows + blockRows - 1) / blockRows, (columns + blockColumns - 1) / blockColumns
        )
        self.init(count: down * across * blockRows * blockColumns) { packed in
            for row in 0..<rows {
                for column in 0..<columns {
                    let block = row / blockRows * across + column / blockColumns
                    let place = row % blockRows * blockColumns + column % blockColumns
                    packed[block * blockRows * blockColumns + place] = elements[row * columns + column]
                }
            }
        }
    }
}
