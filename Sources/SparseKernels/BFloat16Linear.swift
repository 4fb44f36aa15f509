import CKernels
import Levels
import Tensors
import Transformers

/// A dense linear layer in bfloat16: weights and activations rounded to the nearest, sums in single precision.
///
///     let layer = BFloat16Linear(weight: weight, bias: bias)
///
/// Costs two bytes for each weight. All instruction sets but AMX make the same bits; `CBFloat16Kernels.h` says
/// within what AMX agrees with them.
public final class BFloat16Linear: RoundedOperator {
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let values: AlignedBuffer<UInt16>
    private let bias: AlignedBuffer<Float>
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_bf16_kernels>
    /// Which instructions it is made of.
    public let instructionSet: InstructionSet

    /// Packs a weight [rows × columns] and a bias [rows].
    public init(weight: Matrix, bias: [Float], instructionSet: InstructionSet = .best) {
        precondition(bias.count == weight.rows)
        rows = weight.rows
        columns = weight.columns
        self.instructionSet = instructionSet
        kernels = instructionSet.bfloat16Kernels
        values = AlignedBuffer(
            blocksOf: BFloat16.bits(of: weight.elements), rows: rows, columns: columns,
            blockRows: kernels.pointee.denseBlockRows, blockColumns: kernels.pointee.denseBlockColumns)
        self.bias = AlignedBuffer(bias)
    }

    /// 2 for each weight.
    public var sizeBytes: Int { 2 * rows * columns }

    /// `bfloat16`
    public var kernelName: String { Precision.bfloat16.name }

    public var rounded: (any RoundedOperator)? { self }

    /// bfloat16
    public var form: RoundedInputs.Form { .bfloat16 }

    private var blocks: RowBlocks { RowBlocks(of: rows, height: kernels.pointee.denseBlockRows) }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        blocks.rows(ofPart: part, of: parts)
    }

    /// Computes the rows of one part of the output; notes no maxima.
    public func apply(
        _ input: RoundedInputs, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int
    ) {
        let panels = input.bfloat16
        checkShapes(features: panels.features, tokens: panels.tokens, output)
        let range = blocks.blocks(ofPart: part, of: parts)
        var weights = secateur_bf16_dense(
            values: values.address, bias: bias.address, rows: rows, columns: columns)
        var target = secateur_bf16_output(values: output.address, appliesGelu: epilogue.appliesGELU ? 1 : 0)
        kernels.pointee.dense(
            &weights, panels.address, &target, panels.tokens, range.lowerBound, range.upperBound)
    }
}
