import CKernels
import Levels
import Tensors
import Transformers

/// A linear layer in whole numbers: weights of 4 bits with a scale for each row and a multiplier for every 32 of its
/// columns, activations of 8 bits, sums in 32 bits.
///
/// One token is computed from the weights as they are, which are what has to be fetched from memory; several from
/// 8-bit ones, which some rows at a time are expanded to. Costs 4.25 bits for each weight, and 8 bytes for each row.
/// All instruction sets make the same bits.
public final class Int4Linear: ByteOperator, SingleTokenOperator {
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let blocks: NibbleBlocks
    private let scales: AlignedBuffer<Float>
    private let bias: AlignedBuffer<Float>
    private let offsets: AlignedBuffer<Int32>
    /// Which instructions it is made of.
    public let instructionSet: InstructionSet
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_int8_kernels>

    /// Expanded weights that are there at a time, in bytes: they stay in the second-level cache.
    private static let expandedBytes = 131_072

    /// Packs a weight and a bias [rows].
    public init(_ nibbles: NibbleRows, bias: [Float], instructionSet: InstructionSet = .best) {
        precondition(bias.count == nibbles.rows)
        (rows, columns) = (nibbles.rows, nibbles.columns)
        self.instructionSet = instructionSet
        kernels = instructionSet.int8Kernels
        blocks = NibbleBlocks(nibbles)
        scales = AlignedBuffer(nibbles.scales)
        self.bias = AlignedBuffer(bias)
        offsets = AlignedBuffer(nibbles.integers.offsets(rows: nibbles.rows))
    }

    /// Half a byte for a weight, one for each group of columns of a row, and 8 for the row.
    static func weightBytes(rows: Int, columns: Int) -> Int {
        rows * ((columns + 1) / 2 + NibbleRows.groups(of: columns) + 8)
    }

    /// What the packed weights take in memory, in bytes.
    public var sizeBytes: Int { Self.weightBytes(rows: rows, columns: columns) }

    /// `int4`.
    public var kernelName: String { "int4" }

    public var bytes: (any ByteOperator)? { self }

    public var singleToken: (any SingleTokenOperator)? { self }

    /// Rows of whole blocks, both of the packed weights and of those that they are expanded to.
    private var unitRows: Int {
        let (packed, dense) = (Int(SECATEUR_INT4_ROWS), kernels.pointee.denseBlockRows)
        return (1...dense).lazy.map { $0 * packed }.first { $0 % dense == 0 } ?? packed * dense
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        RowBlocks(of: rows, height: unitRows).rows(ofPart: part, of: parts)
    }

    private var kernelArgument: secateur_int4 {
        secateur_int4(
            values: blocks.values.address, multipliers: blocks.multipliers.address, scales: scales.address,
            bias: bias.address, rows: rows, columns: columns)
    }

    /// Computes the rows of one part of the output.
    public func apply(
        _ input: BytePanels, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int
    ) {
        checkShapes(features: input.features, tokens: input.tokens, output)
        let range = rows(ofPart: part, of: parts)
        guard !range.isEmpty else { return }
        var (panels, target) = (
            input.kernelArgument,
            secateur_int8_output(
                values: output.address, maxima: epilogue.maxima, appliesGelu: epilogue.appliesGELU ? 1 : 0)
        )
        let (packed, dense) = (Int(SECATEUR_INT4_ROWS), kernels.pointee.denseBlockRows)
        let width = kernels.pointee.denseBlockColumns
        let rowBytes = (columns + width - 1) / width * width
        let unit = unitRows
        let chunk = min(
            max(Self.expandedBytes / rowBytes / unit, 1) * unit, (range.count + unit - 1) / unit * unit)
        withUnsafeTemporaryAllocation(byteCount: chunk * rowBytes, alignment: 64) { room in
            // Past the last row of the layer there may be nothing to expand.
            room.initializeMemory(as: UInt8.self, repeating: 0)
            guard let expanded = room.baseAddress?.assumingMemoryBound(to: Int8.self) else { return }
            for begin in stride(from: range.lowerBound, to: range.upperBound, by: chunk) {
                let end = min(begin + chunk, range.upperBound)
                var weights = kernelArgument
                kernels.pointee.expand(&weights, begin, (end + packed - 1) / packed * packed, expanded)
                var block = secateur_int8_dense(
                    values: expanded, offsets: offsets.address, scales: scales.address, bias: bias.address,
                    rows: rows, columns: columns, firstBlock: begin / dense)
                kernels.pointee.dense(
                    &block, &panels, &target, input.tokens, begin / dense, (end + dense - 1) / dense)
            }
        }
    }

    /// Computes some rows for one token.
    public func apply(
        _ input: QuantizedVector, into output: UnsafeMutablePointer<Float>, rows range: Range<Int>
    ) {
        precondition(input.count == columns && range.lowerBound % QuantizedVector.blockRows == 0)
        var (weights, activations) = (kernelArgument, input.kernelArgument)
        instructionSet.languageKernels.pointee.fourbit(
            &weights, &activations, output, range.lowerBound, range.upperBound)
    }
}
