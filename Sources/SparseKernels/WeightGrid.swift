import Tensors

/// The numbers that weights of a precision may be: whole multiples of a scale, from −`highest` to `highest`.
public struct WeightGrid: Sendable, Hashable {
    /// The largest multiple.
    public let highest: Int
    /// How many columns of a row share a scale; nil for all of them.
    public let groupColumns: Int?

    /// 8 bits, a scale for each row.
    public static let int8 = WeightGrid(highest: 127, groupColumns: nil)

    /// A grid of whole numbers.
    public init(highest: Int, groupColumns: Int?) {
        self.highest = highest
        self.groupColumns = groupColumns
    }

    /// The nearest number of the grid to a weight; the even multiple of two that are as near.
    @inline(__always)
    public func rounded(_ weight: Float, scale: Float) -> Float {
        guard scale > 0 else { return 0 }
        let limit = Float(highest)
        return min(max((weight / scale).rounded(.toNearestOrEven), -limit), limit) * scale
    }

    /// The scale of some weights: of several that cut off the largest, the one of the least squared error.
    ///
    /// - Parameter importance: weights of the squares, one for each; nil for ones.
    public func scale(of weights: [Float], importance: [Float]? = nil) -> Float {
        let largest = weights.reduce(0) { max($0, $1.magnitude) }
        // Below this, the inverse of the scale might not be finite.
        guard largest > 1e-30 else { return 0 }
        let full = largest / Float(highest)
        var best = (scale: full, error: Float.infinity)
        for cut in Self.cuts(highest) {
            let scale = Self.shortened(full * (1 - cut))
            var error: Float = 0
            for (index, weight) in weights.enumerated() {
                let difference = weight - rounded(weight, scale: scale)
                error += difference * difference * (importance?[index] ?? 1)
            }
            if error < best.error { best = (scale, error) }
        }
        return best.scale
    }

    /// The nearest number of 17 significant bits, of which every multiple up to 127 times is exact: a scale can
    /// be found again from the weights.
    private static func shortened(_ scale: Float) -> Float {
        Float(bitPattern: (scale.bitPattern + 0x40) & ~0x7F)
    }

    /// A weight [rows × columns] with every number rounded to the nearest of the grid.
    public func nearest(to weight: Matrix) -> Matrix {
        var result = weight
        let width = groupColumns ?? weight.columns
        for row in 0..<weight.rows {
            for first in stride(from: 0, to: weight.columns, by: max(width, 1)) {
                let columns = first..<min(first + width, weight.columns)
                let scale = scale(of: columns.map { weight[row, $0] })
                for column in columns { result[row, column] = rounded(weight[row, column], scale: scale) }
            }
        }
        return result
    }

    /// How much of the range is cut off: few bits gain from much.
    private static func cuts(_ highest: Int) -> [Float] {
        highest > 50 ? [0, 0.01, 0.03, 0.06] : (0..<16).map { 0.03 * Float($0) }
    }
}

/// A weight in whole numbers, each row with a scale.
public struct IntegerRows: Sendable {
    /// Multiples of the scales [rows × columns], row-major.
    public let values: [Int8]
    /// One for each row.
    public let scales: [Float]

    /// Finds the whole numbers of a weight. A row that is on a grid already, as one that was pruned to int8,
    /// is taken as it is; others are rounded to the nearest.
    public init(_ weight: Matrix) {
        let grid = WeightGrid.int8
        var values = [Int8](repeating: 0, count: weight.elements.count)
        var scales = [Float](repeating: 0, count: weight.rows)
        for row in 0..<weight.rows {
            let line = Array(weight.row(row))
            let scale = Self.grid(of: line) ?? grid.scale(of: line)
            scales[row] = scale
            guard scale > 0 else { continue }
            for (column, value) in line.enumerated() {
                let multiple = (value / scale).rounded(.toNearestOrEven)
                values[row * weight.columns + column] = Int8(min(max(multiple, -127), 127))
            }
        }
        self.values = values
        self.scales = scales
    }

    /// Takes whole numbers [rows × columns] and a scale for each row.
    public init(values: [Int8], scales: [Float]) {
        self.values = values
        self.scales = scales
    }

    /// The scale that all weights of a row are multiples of, up to 127 times; nil where there is none.
    private static func grid(of row: [Float]) -> Float? {
        let largest = row.reduce(0) { max($0, $1.magnitude) }
        guard largest > 1e-30 else { return 0 }
        return (1...127).reversed().lazy.map { largest / Float($0) }.first { scale in
            row.allSatisfy { value in
                let multiple = (value / scale).rounded()
                return multiple * scale == value
            }
        }
    }
}
