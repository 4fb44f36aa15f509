import Tensors

/// Layers whose weights are stored in fewer bits, trained as they are stored: passes compute with the rounded weights,
/// and what they teach goes to the exact ones (straight-through estimation: Bengio, Léonard and Courville, 2013). The
/// scale of every row is learned along with them (LSQ: Esser et al., ICLR 2020, equations 3 and 5).
///
///     let quantization = FakeQuantization([(weight, .int8)])
///     quantization.round(pool: pool)      // value is what is stored
///     … forward and backward …
///     quantization.passBack(pool: pool)   // value is exact again, its gradient and those of scales are there
public final class FakeQuantization {
    /// ln(scale / first scale) of every row, [1 × rows] for each layer: a step changes scales by a fraction.
    public var scales: [Parameter] { layers.map(\.logScale) }
    private let layers: [Layer]
    private var exact: [Matrix] = []

    private struct Layer {
        let weight: Parameter
        let steps: RowSteps
        let logScale: Parameter
    }

    /// Takes weights [rows × columns], each on its grid already: their scales are where learning begins. Others are
    /// rounded to a grid that holds them.
    public init(_ layers: [(weight: Parameter, grid: WeightGrid)]) {
        self.layers = layers.map { weight, grid in
            Layer(
                weight: weight, steps: RowSteps(of: weight.value, on: grid),
                logScale: .zeros("\(weight.name)_log_scale", shape: [weight.value.rows]))
        }
    }

    /// Replaces the weights by what is stored of them, until ``passBack(pool:)``.
    public func round(pool: ThreadPool) {
        exact = layers.map(\.weight.value)
        for layer in layers {
            let (steps, logScale) = (layer.steps, layer.logScale.value.elements)
            layer.weight.value.forEachRow(pool: pool) { index, row in
                steps.forEachGroup(index, logScale[index]) { columns, step in
                    guard step > 0 else {
                        for column in columns { row[column] = 0 }
                        return
                    }
                    let (inverse, limit) = (1 / step, Float(steps.grid.highest))
                    for column in columns {
                        let multiple = (row[column] * inverse).rounded(.toNearestOrEven)
                        row[column] = min(max(multiple, -limit), limit) * step
                    }
                }
            }
        }
    }

    /// What a body computes with the rounded weights; the exact ones are put back.
    func withRoundedWeights<Result>(pool: ThreadPool, _ body: () throws -> Result) rethrows -> Result {
        round(pool: pool)
        defer {
            for (layer, exact) in zip(layers, exact) { layer.weight.value = exact }
            exact = []
        }
        return try body()
    }

    /// Puts the exact weights back, and adds the gradients of the scales: with ŵ = q·s, ∂ŵ/∂ln s is ŵ − w within the
    /// grid and ŵ beyond it, where ∂ŵ/∂w is 0. Each sum over a row is divided by √(columns · highest multiple), so
    /// that scales learn about as fast as weights.
    public func passBack(pool: ThreadPool) {
        for (layer, exact) in zip(layers, exact) {
            let rounded = layer.weight.value
            layer.weight.value = exact
            let (steps, logScale) = (layer.steps, layer.logScale)
            let logScales = logScale.value.elements
            let sums = steps.pulls(
                logScales, exact: exact, rounded: rounded, layer.weight.gradient, pool: pool)
            let scale = 1 / (Float(exact.columns) * Float(steps.grid.highest)).squareRoot()
            for (row, sum) in sums.enumerated() { logScale.gradient.elements[row] += sum * scale }
            layer.weight.gradient.forEachRow(pool: pool) { index, row in
                steps.forEachGroup(index, logScales[index]) { columns, step in
                    let limit = steps.limit(step)
                    for column in columns where exact[index, column].magnitude > limit { row[column] = 0 }
                }
            }
        }
        exact = []
    }
}

/// The distance between neighbouring numbers of a grid, for every row and group of columns.
private struct RowSteps: Sendable {
    let grid: WeightGrid
    /// Columns of a group.
    let width: Int
    private let columns: Int
    private let scales: [Float]
    /// [rows × groups]
    private let multipliers: [Float]

    init(of weight: Matrix, on grid: WeightGrid) {
        self.grid = grid
        columns = weight.columns
        width = max(grid.groupColumns ?? weight.columns, 1)
        let numbers = IntegerRows(weight)
        scales = numbers.scales
        let (width, columns) = (width, columns)
        multipliers = (0..<weight.rows).flatMap { row in
            stride(from: 0, to: columns, by: width).map { first in
                let group = numbers.values[
                    row * columns + first..<row * columns + min(first + width, columns)
                ].map { Int($0) }
                let largest = group.reduce(0) { max($0, abs($1)) }
                return Float(
                    grid.multiplier(of: group) ?? (largest + grid.highest - 1) / grid.highest)
            }
        }
    }

    /// Calls `body` for every group of a row, with its step.
    @inline(__always)
    func forEachGroup(_ row: Int, _ logScale: Float, _ body: (Range<Int>, _ step: Float) -> Void) {
        let scale = WeightGrid.shortened(scales[row] * Float(PortableMath.exp(Double(logScale))))
        let groups = (columns + width - 1) / width
        for group in 0..<groups {
            body(
                group * width..<min((group + 1) * width, columns), scale * multipliers[row * groups + group])
        }
    }

    /// Weights beyond it are cut off.
    func limit(_ step: Float) -> Float { (Float(grid.highest) + 0.5) * step }

    /// Σ g · ∂ŵ/∂ln s over each row.
    func pulls(
        _ logScales: [Float], exact: Matrix, rounded: Matrix, _ gradient: Matrix, pool: ThreadPool
    ) -> [Float] {
        pool.map(count: exact.rows) { row in
            pull(row, logScales[row], exact: exact.row(row), rounded: rounded.row(row), gradient.row(row))
        }
    }

    private func pull(
        _ row: Int, _ logScale: Float, exact: ArraySlice<Float>, rounded: ArraySlice<Float>,
        _ gradient: ArraySlice<Float>
    ) -> Float {
        let (first, start) = (exact.startIndex, gradient.startIndex)
        var sum: Float = 0
        forEachGroup(row, logScale) { columns, step in
            let limit = limit(step)
            for column in columns {
                let weight = exact[first + column]
                let inside = weight.magnitude <= limit
                sum += gradient[start + column] * (rounded[first + column] - (inside ? weight : 0))
            }
        }
        return sum
    }
}
