import CKernels
import Levels
import Tensors

/// Kept units in the order in which the kernels read them; `secateur_sparse` describes it.
///
/// Units are cut into segments of consecutive rows, which is what threads share out. Within a block of
/// columns, the units of a segment are ordered by how many entries they have, so that the units of a bundle
/// have about the same number and the processor can foresee where loops end; or, where the cache cannot hold
/// the activations of the block, so that each unit finds what it needs there.
struct PackedUnits: Sendable {
    let values: AlignedBuffer<Float>
    let indices: AlignedBuffer<UInt16>
    let starts: AlignedBuffer<UInt32>
    let units: AlignedBuffer<UInt32>
    let blockColumns: Int
    /// Bundles of one block.
    let bundles: Int
    /// The first bundle of each segment, and one last entry: the number of bundles.
    let segmentStarts: [Int]
    /// About how long each segment takes, in steps.
    let segmentCosts: [Int]

    private static let bundlesOfSegment = 24
    /// Where bundles are single rows: the more rows there are to order, the better an order there is.
    private static let rowsOfSegment = 96
    /// In a layer too small for longer ones.
    private static let fewestBundlesOfSegment = 6
    /// What starting a bundle in a block costs, in steps.
    private static let stepsOfBundle = 2

    /// - Parameter slots: units of a bundle.
    init(_ weight: Matrix, unit: UnitShape, slots: Int, blocks: ColumnBlocks) {
        let blockColumns = blocks.columns
        precondition(blockColumns >= 1 && blockColumns % unit.columns == 0 && blockColumns <= 65536)
        let unitCount = (weight.rows + unit.rows - 1) / unit.rows
        let bundles = (unitCount + slots - 1) / slots
        let segments = Self.segments(of: bundles, rows: unit.rows * slots)
        let segmentStarts = (0...segments).map { bundles * $0 / segments }
        var stream = UnitStream(unit: unit, slots: slots)
        var costs = [Int](repeating: 0, count: segments)
        for first in stride(from: 0, to: weight.columns, by: blockColumns) {
            let block = first..<min(first + blockColumns, weight.columns)
            var recent = blocks.held.map { RecentColumns(of: block, capacity: $0) }
            for segment in 0..<segments {
                let range = segmentStarts[segment] * slots..<segmentStarts[segment + 1] * slots
                var entries = range.map { KeptUnit(weight, unit: unit, number: $0, block: block) }
                    .sorted { ($0.columns.count, $0.number) < ($1.columns.count, $1.number) }
                recent?.order(&entries)
                for bundle in stride(from: 0, to: entries.count, by: slots) {
                    let steps = stream.append(entries[bundle..<bundle + slots], of: weight, block: block)
                    costs[segment] += steps + Self.stepsOfBundle
                }
            }
        }
        self.blockColumns = blockColumns
        self.bundles = bundles
        self.segmentStarts = segmentStarts
        segmentCosts = costs
        values = AlignedBuffer(stream.values)
        indices = AlignedBuffer(stream.indices + Array(repeating: 0, count: Int(SECATEUR_INDEX_PADDING)))
        starts = AlignedBuffer(stream.starts)
        units = AlignedBuffer(stream.units)
    }

    /// A power of two, so that two or four threads get equal shares; two at least, so that the second one is
    /// not idle. Long segments leave less to fill up in their bundles.
    private static func segments(of bundles: Int, rows: Int) -> Int {
        let bundlesOfSegment = max(bundlesOfSegment, rowsOfSegment / rows)
        var segments = bundles >= 2 * fewestBundlesOfSegment ? 2 : 1
        while segments < 16, segments * 2 * bundlesOfSegment <= bundles { segments *= 2 }
        return segments
    }

    /// The weight that was packed.
    func matrix(rows: Int, columns: Int, unit: UnitShape, slots: Int) -> Matrix {
        var matrix = Matrix(rows: rows, columns: columns)
        for (bundle, firstColumn) in stride(from: 0, to: columns, by: blockColumns).enumerated().flatMap({
            block, first in (block * bundles..<(block + 1) * bundles).map { ($0, first) }
        }) {
            for entry in Int(starts.address[bundle]) * slots..<Int(starts.address[bundle + 1]) * slots {
                let firstRow = Int(units.address[bundle * slots + entry % slots]) * unit.rows
                let column = firstColumn + Int(indices.address[entry]) * unit.columns
                for place in 0..<unit.count where firstRow + place % unit.rows < rows {
                    let value = values.address[entry * unit.count + place]
                    // What fills up a bundle repeats a column with zeros.
                    if value != 0 { matrix[firstRow + place % unit.rows, column + place / unit.rows] = value }
                }
            }
        }
        return matrix
    }
}

/// The arrays of a packed layer while bundles are appended.
private struct UnitStream {
    let unit: UnitShape
    let slots: Int
    var values: [Float] = []
    var indices: [UInt16] = []
    var starts: [UInt32] = [0]
    var units: [UInt32] = []

    init(unit: UnitShape, slots: Int) {
        self.unit = unit
        self.slots = slots
    }

    /// Interleaves the entries of one bundle; those that have fewer are filled up with zero weights.
    /// - Returns: the steps of the bundle.
    mutating func append(_ bundle: ArraySlice<KeptUnit>, of weight: Matrix, block: Range<Int>) -> Int {
        let steps = bundle.map(\.columns.count).max() ?? 0
        weight.elements.withUnsafeBufferPointer { elements in
            for step in 0..<steps {
                for entry in bundle {
                    let isKept = step < entry.columns.count
                    let column = isKept ? entry.columns[step] : entry.columns.last ?? block.lowerBound
                    indices.append(UInt16((column - block.lowerBound) / unit.columns))
                    for c in column..<column + unit.columns {
                        for row in entry.number * unit.rows..<(entry.number + 1) * unit.rows {
                            values.append(
                                isKept && row < weight.rows ? elements[row * weight.columns + c] : 0)
                        }
                    }
                }
            }
        }
        starts.append((starts.last ?? 0) + UInt32(steps))
        units += bundle.map { UInt32($0.number) }
        return steps
    }
}
