import CKernels
import Levels
import Tensors
import Transformers

/// A linear layer of kept units of weights: single ones, or blocks of consecutive rows and columns, so that
/// one load of an activation serves the FMAs of all rows of a unit.
///
///     let layer = SparseLinear(weight: pruned, bias: bias, unit: UnitShape(rows: 4, columns: 1))
///
/// Costs 4 bytes for each weight of a kept unit and 2 bytes for each kept unit. A unit is kept when any of
/// its weights is not zero, so every weight can be packed with every unit; only those pruned in such units
/// gain from it.
public final class SparseLinear: ExchangeableOperator {
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    /// The unit of the kernel in use, which tiles the unit that was asked for.
    public let unit: UnitShape
    private let packed: PackedUnits
    private let bias: AlignedBuffer<Float>
    private let split: CostSplit
    private let kernel: secateur_sparse_kernel
    /// Whether the kernel copies activations.
    private let copies: Bool
    private let instructionSet: InstructionSet

    /// Packs a weight [rows × columns] and a bias [rows].
    ///
    /// - Parameters:
    ///   - unit: what was kept or dropped together.
    ///   - blockColumns: columns of a block. Default: chosen by the sparsity and the first-level cache.
    public init(
        weight: Matrix, bias: [Float], unit: UnitShape, blockColumns: Int? = nil,
        instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows)
        rows = weight.rows
        columns = weight.columns
        self.instructionSet = instructionSet
        kernel = instructionSet.sparseKernel(for: unit, columns: weight.columns)
        self.unit = UnitShape(rows: kernel.unitRows, columns: kernel.unitColumns)
        let blocks = ColumnBlocks(of: weight, kernel: kernel, columns: blockColumns)
        copies = blocks.areCopied
        packed = PackedUnits(
            weight, unit: self.unit, slots: kernel.bundleUnits, blocks: blocks)
        sizeBytes = Self.weightBytes(keptUnits: weight.units(unit).kept, of: unit)
        self.bias = AlignedBuffer(bias)
        split = CostSplit(costs: packed.segmentCosts)
    }

    /// 4 for each weight of a kept unit, and 2 for the unit, of those that were asked for.
    public let sizeBytes: Int

    /// 4 for each weight of a kept unit, and 2 for the unit.
    static func weightBytes(keptUnits: Int, of unit: UnitShape) -> Int {
        keptUnits * (4 * unit.count + 2)
    }

    /// Columns that are summed at a time.
    public var blockColumns: Int { packed.blockColumns }

    /// The weight that was packed [rows × columns].
    public var weight: Matrix {
        packed.matrix(rows: rows, columns: columns, unit: unit, slots: kernel.bundleUnits)
    }

    /// `sparse 4x1`, by the unit of the kernel in use.
    public var kernelName: String { "sparse \(unit)" }

    /// Sparse kernels of smaller units of several rows, and the dense one, in every phase.
    public func exchange(in phase: Workload.Phase) -> KernelExchange? {
        let weight = weight
        return KernelExchange(weight: weight, unit: unit) { self.alternatives(weight: weight, bias: $0) }
    }

    func alternatives(weight: Matrix, bias: [Float]) -> [any LinearOperator] {
        let smaller = instructionSet.sparseUnits.filter { other in
            other.rows > 1 && other.count < unit.count && unit.rows % other.rows == 0
                && unit.columns % other.columns == 0
        }
        return smaller.map {
            SparseLinear(
                weight: weight, bias: bias, unit: $0, blockColumns: blockColumns,
                instructionSet: instructionSet)
        } + [
            DenseLinear(
                weight: weight, bias: bias, blockColumns: blockColumns, instructionSet: instructionSet)
        ]
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        let bundles = bundles(ofPart: part, of: parts)
        let rowsOfBundle = kernel.bundleUnits * kernel.unitRows
        return min(bundles.lowerBound * rowsOfBundle, rows)..<min(bundles.upperBound * rowsOfBundle, rows)
    }

    private func bundles(ofPart part: Int, of parts: Int) -> Range<Int> {
        let segments = split.range(ofPart: part, of: parts)
        return packed.segmentStarts[segments.lowerBound]..<packed.segmentStarts[segments.upperBound]
    }

    /// Computes the rows of one part of the output.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        checkShapes(input, output)
        var weights = secateur_sparse(
            values: packed.values.address, indices: packed.indices.address, starts: packed.starts.address,
            units: packed.units.address, bias: bias.address, rows: rows, columns: columns,
            blockColumns: packed.blockColumns, bundles: packed.bundles, unitRows: unit.rows,
            unitColumns: unit.columns, bundleUnits: kernel.bundleUnits, copies: copies ? 1 : 0)
        let segments = split.range(ofPart: part, of: parts)
        var first = segments.lowerBound
        while first < segments.upperBound {
            let end = endOfGroup(from: first, before: segments.upperBound)
            kernel.apply(
                &weights, input.address, output.address, input.tokens, packed.segmentStarts[first],
                packed.segmentStarts[end])
            first = end
        }
    }

    /// Where a group of segments ends whose weights stay in the second-level cache while all tokens pass by;
    /// it has at least one. The kernel itself cuts up a layer of one block of columns, and one that copies
    /// activations takes all weights, as it would copy them again for each group.
    private func endOfGroup(from first: Int, before limit: Int) -> Int {
        guard packed.blockColumns < columns, !copies else { return limit }
        let stepBytes =
            kernel.bundleUnits * (unit.count * MemoryLayout<Float>.size + MemoryLayout<UInt16>.size)
        var end = first + 1
        var steps = packed.segmentCosts[first]
        while end < limit, (steps + packed.segmentCosts[end]) * stepBytes <= Self.groupBytes {
            steps += packed.segmentCosts[end]
            end += 1
        }
        return end
    }

    private static let groupBytes = 256 << 10
}
