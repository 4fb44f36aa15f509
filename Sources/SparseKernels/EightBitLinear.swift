import CKernels
import Levels
import Tensors
import Transformers

/// A linear layer for decoding: with one token, time goes into fetching weights from memory, and 8 bits of
/// a weight are fetched four times as fast as 32. Several tokens are left to another operator.
///
/// Groups of 64 columns of a row share a scale, and a weight is a whole number from −127 to 127 times it. The
/// token's activations are rounded the same way, so that products are of whole numbers. Where a quarter of
/// the weights or more are zero, only the others are stored, after one bit for each weight. Costs 1.03 bytes
/// for a weight, or 0.16 and 1 for a kept one, on top of the other operator's.
public final class EightBitLinear: SingleTokenOperator, ExchangeableOperator {
    /// The sparsity from which zeros are left out.
    public static let leastSparsity = 0.25
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let values: AlignedBuffer<UInt8>
    private let scales: AlignedBuffer<UInt16>
    private let masks: AlignedBuffer<UInt64>?
    private let starts: AlignedBuffer<UInt32>
    private let bias: AlignedBuffer<Float>
    /// What computes several tokens.
    let wide: any LinearOperator
    private let instructionSet: InstructionSet
    private let sparsity: Double

    /// Packs a weight [rows × columns] and a bias [rows].
    ///
    /// - Parameter wide: computes several tokens; of the same weight.
    public init(
        weight: Matrix, bias: [Float], wide: any LinearOperator, instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows && wide.rows == weight.rows && wide.columns == weight.columns)
        rows = weight.rows
        columns = weight.columns
        self.wide = wide
        self.instructionSet = instructionSet
        self.bias = AlignedBuffer(bias)
        sparsity = weight.sparsity
        let packed = EightBitGroups(weight, leavingOutZeros: sparsity >= Self.leastSparsity)
        values = AlignedBuffer(packed.values)
        scales = AlignedBuffer(packed.scales)
        starts = AlignedBuffer(packed.starts)
        masks = packed.masks.isEmpty ? nil : AlignedBuffer(packed.masks)
    }

    /// What the other operator could be exchanged for; one token is always computed here.
    public func exchange(in phase: Workload.Phase) -> KernelExchange? {
        guard phase == .prefill, let exchange = (wide as? any ExchangeableOperator)?.exchange(in: phase)
        else { return nil }
        return KernelExchange(weight: exchange.weight, unit: exchange.unit) { bias in
            exchange.alternatives(bias).map { EightBitLinear(self, wide: $0) }
        }
    }

    private init(_ other: EightBitLinear, wide: any LinearOperator) {
        precondition(wide.rows == other.rows && wide.columns == other.columns)
        (rows, columns, self.wide) = (other.rows, other.columns, wide)
        (values, scales, masks, starts) = (other.values, other.scales, other.masks, other.starts)
        (bias, instructionSet, sparsity) = (other.bias, other.instructionSet, other.sparsity)
    }

    /// `8-bit`, and the kernel of several tokens.
    public var kernelName: String { "8-bit, \(wide.kernelName)" }

    /// What the weights of a layer take for one token, in bytes: one and a scale of two for every 64, and
    /// where zeros are left out a bit for every weight.
    static func weightBytes(rows: Int, columns: Int, sparsity: Double) -> Int {
        let count = rows * columns
        let scales = rows * QuantizedVector.groups(of: columns) * MemoryLayout<UInt16>.size
        guard sparsity >= leastSparsity else { return count + scales }
        return Int(Double(count) * (1 - sparsity)) + scales + count / 8
    }

    /// What the packed weights take in memory, those for several tokens included, in bytes.
    public var sizeBytes: Int {
        Self.weightBytes(rows: rows, columns: columns, sparsity: sparsity) + wide.sizeBytes
    }

    /// What is fetched from memory for one token, in bytes.
    public var decodeBytes: Int {
        values.sizeBytes + scales.sizeBytes + (masks.map { $0.sizeBytes + starts.sizeBytes } ?? 0)
            + bias.sizeBytes
    }

    public var singleToken: (any SingleTokenOperator)? { self }

    /// Computes some rows for one token.
    public func apply(
        _ input: QuantizedVector, into output: UnsafeMutablePointer<Float>, rows range: Range<Int>
    ) {
        precondition(input.count == columns && range.lowerBound % QuantizedVector.blockRows == 0)
        var weights = secateur_eightbit(
            values: values.address, scales: scales.address, masks: masks?.address, starts: starts.address,
            bias: bias.address, rows: rows, groups: QuantizedVector.groups(of: columns))
        var activations = input.kernelArgument
        instructionSet.languageKernels.pointee.eightbit(
            &weights, &activations, output, range.lowerBound, range.upperBound)
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        wide.rows(ofPart: part, of: parts)
    }

    /// Computes the rows of one part of the output.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        guard input.tokens == 1 else {
            return wide.apply(input, into: output, part: part, of: parts)
        }
        checkShapes(input, output)
        let vector = AlignedScratch(count: max(columns, rows))
        for column in 0..<columns { vector.address[column] = input[column, 0] }
        let quantized = QuantizedVector(capacity: columns)
        quantized.set(vector.address, count: columns, instructionSet: instructionSet)
        let range = singleTokenRows(ofPart: part, of: parts)
        apply(quantized, into: vector.address, rows: range)
        for row in range { output[row, 0] = vector.address[row] }
    }
}
