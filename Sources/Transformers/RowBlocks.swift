/// The rows of a layer in blocks that kernels take whole, shared out among workers.
public struct RowBlocks: Sendable {
    private let rows: Int
    private let height: Int

    /// Cuts so many rows into blocks of a height, of which the last may have fewer.
    public init(of rows: Int, height: Int) {
        (self.rows, self.height) = (rows, height)
    }

    /// The blocks that fall to one of several workers.
    public func blocks(ofPart part: Int, of parts: Int) -> Range<Int> {
        let count = (rows + height - 1) / height
        return count * part / parts..<count * (part + 1) / parts
    }

    /// The rows of some blocks.
    public func rows(of blocks: Range<Int>) -> Range<Int> {
        min(blocks.lowerBound * height, rows)..<min(blocks.upperBound * height, rows)
    }

    /// The rows of the blocks that fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        rows(of: blocks(ofPart: part, of: parts))
    }
}
