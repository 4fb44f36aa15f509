/// The numbers that weights of a precision may be: whole multiples of a scale, from −`highest` to `highest`.
///
/// Where groups of columns have scales of their own, these are whole multiples of their row's, so that every weight
/// is one too, up to 127 times: 4 bits are 8 bits with fewer numbers.
public struct WeightGrid: Sendable, Hashable {
    /// The largest multiple.
    public let highest: Int
    /// How many columns of a row share a scale; nil for all of them.
    public let groupColumns: Int?

    /// 8 bits, a scale for each row.
    public static let int8 = WeightGrid(highest: 127, groupColumns: nil)
    /// 4 bits, a scale for each row and a multiplier for every 32 columns.
    public static let int4 = WeightGrid(highest: 7, groupColumns: 32)

    /// A grid of whole numbers.
    public init(highest: Int, groupColumns: Int?) {
        self.highest = highest
        self.groupColumns = groupColumns
    }

    /// The largest multiple of a row's scale that the scale of a group may be.
    public var highestMultiplier: Int { 127 / highest }

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
        for cut in Self.cuts {
            let scale = Self.shortened(full * (1 - cut))
            let error = squaredError(of: weights, scale: scale, importance: importance)
            if error < best.error { best = (scale, error) }
        }
        return best.scale
    }

    /// The scale that those of a row's groups are multiples of: the group with the largest weight has the highest.
    public func rowScale(of row: [Float]) -> Float {
        let largest = row.reduce(0) { max($0, $1.magnitude) }
        return largest > 1e-30 ? Self.shortened(largest / Float(highest * highestMultiplier)) : 0
    }

    /// The multiple of a row's scale that gives a group the least squared error; importance as in
    /// ``scale(of:importance:)``.
    public func groupScale(of weights: [Float], importance: [Float]? = nil, rowScale: Float) -> Float {
        guard rowScale > 0 else { return 0 }
        var best = (scale: rowScale, error: Float.infinity)
        for multiplier in 1...highestMultiplier {
            let scale = rowScale * Float(multiplier)
            let error = squaredError(of: weights, scale: scale, importance: importance)
            if error < best.error { best = (scale, error) }
        }
        return best.scale
    }

    /// The least number that divides all multiples of a row's scale in a group and leaves none beyond the highest; nil
    /// where there is none.
    public func multiplier(of group: [Int]) -> Int? {
        (1...highestMultiplier).first { divisor in
            group.allSatisfy { $0 % divisor == 0 && abs($0 / divisor) <= highest }
        }
    }

    private func squaredError(of weights: [Float], scale: Float, importance: [Float]?) -> Float {
        var error: Float = 0
        for (index, weight) in weights.enumerated() {
            let difference = weight - rounded(weight, scale: scale)
            error += difference * difference * (importance?[index] ?? 1)
        }
        return error
    }

    /// The nearest number of 17 significant bits, of which every multiple up to 127 times is exact: a scale can
    /// be found again from the weights.
    public static func shortened(_ scale: Float) -> Float {
        Float(bitPattern: (scale.bitPattern + 0x40) & ~0x7F)
    }

    /// The scales that a row may have whose largest weight is given, the least first; before them those that rounding
    /// chooses.
    public static func scales(ofLargest largest: Float, multiples: Int) -> [Float] {
        let all = (1...multiples).reversed().map { largest / Float($0) }
        return all.filter { shortened($0) == $0 } + all.filter { shortened($0) != $0 }
    }

    /// A weight [rows × columns] with every number rounded to the nearest of the grid.
    public func nearest(to weight: Matrix) -> Matrix {
        var result = weight
        let width = groupColumns ?? weight.columns
        for row in 0..<weight.rows {
            let rowScale = groupColumns == nil ? nil : rowScale(of: Array(weight.row(row)))
            for first in stride(from: 0, to: weight.columns, by: max(width, 1)) {
                let columns = first..<min(first + width, weight.columns)
                let group = columns.map { weight[row, $0] }
                let scale = rowScale.map { groupScale(of: group, rowScale: $0) } ?? scale(of: group)
                for column in columns { result[row, column] = rounded(weight[row, column], scale: scale) }
            }
        }
        return result
    }

    /// How much of the range is cut off.
    private static let cuts: [Float] = [0, 0.01, 0.03, 0.06]
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

    /// What kernels add to each row's sums, which are of activations with 128 added.
    public func offsets(rows: Int) -> [Int32] {
        let columns = values.count / max(rows, 1)
        return (0..<rows).map { row in
            -128 * values[row * columns..<(row + 1) * columns].reduce(Int32(0)) { $0 + Int32($1) }
        }
    }

    /// The scale that all weights of a row are multiples of, up to 127 times; nil where there is none. Where there are
    /// several, one that rounding chooses.
    private static func grid(of row: [Float]) -> Float? {
        let largest = row.reduce(0) { max($0, $1.magnitude) }
        guard largest > 1e-30 else { return 0 }
        return WeightGrid.scales(ofLargest: largest, multiples: 127).first { scale in
            row.allSatisfy { ($0 / scale).rounded() * scale == $0 }
        }
    }
}
