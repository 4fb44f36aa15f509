import CKernels
import Levels
import Tensors
import Transformers

/// A linear layer in whole numbers of 8 bits: weights with a scale for each row, activations with one for each
/// token, sums in 32 bits.
///
///     let layer = Int8Linear(weight: pruned, bias: bias, groupRows: 16)
///
/// Dense, or groups of consecutive rows that keep the same columns. Costs a byte for each weight of a kept
/// unit, half a byte for each of a unit's places, and 12 bytes for each row. All instruction sets make the same bits.
public final class Int8Linear: ByteOperator {
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    /// Rows of a group; nil for dense weights.
    public let groupRows: Int?
    private let packing: Packing
    private let offsets: AlignedBuffer<Int32>
    private let scales: AlignedBuffer<Float>
    private let bias: AlignedBuffer<Float>
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_int8_kernels>
    /// Which instructions it is made of.
    public let instructionSet: InstructionSet

    private enum Packing: Sendable {
        case dense(AlignedBuffer<Int8>)
        case groups(IntegerGroups, split: CostSplit, kernel: secateur_int8_rowblock_kernel)
    }

    /// Packs a weight [rows × columns] and a bias [rows].
    ///
    /// - Parameter groupRows: how many consecutive rows keep the same columns: 1, 2, 4, 8 or 16; nil for dense.
    public init(
        weight: Matrix, bias: [Float], groupRows: Int? = nil, instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows)
        rows = weight.rows
        columns = weight.columns
        self.groupRows = groupRows
        self.instructionSet = instructionSet
        kernels = instructionSet.int8Kernels
        let integers = IntegerRows(weight)
        scales = AlignedBuffer(integers.scales)
        self.bias = AlignedBuffer(bias)
        offsets = AlignedBuffer(integers.offsets(rows: weight.rows))
        let tables = UnsafeBufferPointer(
            start: kernels.pointee.rowblocks, count: kernels.pointee.rowblockCount)
        if let groupRows, let kernel = tables.first(where: { $0.groupRows == groupRows }) {
            let groups = IntegerGroups(integers, rows: rows, columns: columns, groupRows: groupRows)
            packing = .groups(groups, split: CostSplit(costs: groups.costs), kernel: kernel)
        } else {
            packing = .dense(
                AlignedBuffer(
                    blocksOf: integers.values, rows: rows, columns: columns,
                    blockRows: kernels.pointee.denseBlockRows,
                    blockColumns: kernels.pointee.denseBlockColumns))
        }
    }

    /// A byte for each weight of a kept unit, two for each of its columns, and 12 for each row.
    public var sizeBytes: Int {
        switch packing {
        case .dense: Self.weightBytes(rows: rows, columns: columns, groupRows: nil, keptUnits: 0)
        case .groups(let groups, _, _):
            Self.weightBytes(
                rows: rows, columns: columns, groupRows: groupRows, keptUnits: groups.keptColumns)
        }
    }

    static func weightBytes(rows: Int, columns: Int, groupRows: Int?, keptUnits: Int) -> Int {
        guard let groupRows else { return rows * columns + 12 * rows }
        return keptUnits * (groupRows + 2) + 12 * rows
    }

    /// `int8`, or `int8 16x1`.
    public var kernelName: String { groupRows.map { "int8 \($0)x1" } ?? "int8" }

    public var bytes: (any ByteOperator)? { self }

    private var blocks: RowBlocks {
        RowBlocks(of: rows, height: groupRows ?? kernels.pointee.denseBlockRows)
    }

    private func units(ofPart part: Int, of parts: Int) -> Range<Int> {
        switch packing {
        case .dense: blocks.blocks(ofPart: part, of: parts)
        case .groups(_, let split, _): split.range(ofPart: part, of: parts)
        }
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        blocks.rows(of: units(ofPart: part, of: parts))
    }

    /// Computes the rows of one part of the output.
    public func apply(
        _ input: BytePanels, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int
    ) {
        checkShapes(features: input.features, tokens: input.tokens, output)
        var (panels, target) = (
            input.kernelArgument,
            secateur_int8_output(
                values: output.address, maxima: epilogue.maxima, appliesGelu: epilogue.appliesGELU ? 1 : 0)
        )
        let range = units(ofPart: part, of: parts)
        switch packing {
        case .dense(let values):
            var weights = secateur_int8_dense(
                values: values.address, offsets: offsets.address, scales: scales.address, bias: bias.address,
                rows: rows, columns: columns, firstBlock: 0)
            kernels.pointee.dense(
                &weights, &panels, &target, input.tokens, range.lowerBound, range.upperBound)
        case .groups(let groups, _, let kernel):
            var weights = secateur_int8_rowblocks(
                values: groups.values.address, kept: groups.places.address,
                starts: groups.starts.address, rowOf: groups.rowOf.address, offsets: offsets.address,
                scales: scales.address, bias: bias.address, rows: rows, columns: columns,
                groups: groups.count)
            kernel.apply(&weights, &panels, &target, input.tokens, range.lowerBound, range.upperBound)
        }
    }
}
