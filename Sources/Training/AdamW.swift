import Foundation
import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019, algorithm 2), biases corrected:
///
///     m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − η(m̂ / (√v̂ + ε) + λw)
///
/// Elements that a parameter's mask holds at zero stay there, and their gradients count for nothing.
public final class AdamW {
    /// What can be tuned; the defaults are those that BERT is usually fine-tuned with.
    public struct Settings: Sendable, Equatable, Codable {
        /// β₁.
        public var beta1: Float = 0.9
        /// β₂.
        public var beta2: Float = 0.999
        /// ε.
        public var epsilon: Float = 1e-8
        /// λ.
        public var weightDecay: Float = 0.01

        public init() {}
    }

    private let settings: Settings
    private let parameters: [Parameter]
    /// m of each parameter.
    private(set) var first: [[Float]]
    /// v of each parameter.
    private(set) var second: [[Float]]
    /// Rows of each parameter that have ever had a gradient, so that their moments may not be zero; nil for
    /// all.
    private var active: [[Bool]?]
    /// Steps taken.
    public private(set) var steps = 0

    /// Starts with no steps taken.
    public init(_ parameters: [Parameter], settings: Settings = Settings()) {
        self.parameters = parameters
        self.settings = settings
        first = parameters.map { [Float](repeating: 0, count: $0.value.elements.count) }
        second = first
        active = parameters.map {
            $0.rowsWithGradient == nil ? nil : [Bool](repeating: false, count: $0.value.rows)
        }
    }

    /// Continues from a checkpoint; moments must have the parameters' sizes.
    func restore(first: [[Float]], second: [[Float]], steps: Int) {
        precondition(first.map(\.count) == self.first.map(\.count))
        precondition(second.map(\.count) == self.second.map(\.count))
        self.first = first
        self.second = second
        self.steps = steps
        for (index, parameter) in parameters.enumerated() where active[index] != nil {
            let columns = parameter.value.columns
            active[index] = (0..<parameter.value.rows).map { row in
                (row * columns..<(row + 1) * columns).contains {
                    first[index][$0] != 0 || second[index][$0] != 0
                }
            }
        }
    }

    /// √Σg² over all parameters.
    public func gradientNorm(pool: ThreadPool) -> Double {
        parameters.reduce(0.0) { total, parameter in
            guard let rows = parameter.rowsWithGradient else {
                return total + pool.sumOfSquares(parameter.gradient.elements)
            }
            return rows.sorted().reduce(total) { total, row in
                total + parameter.gradient.row(row).reduce(0) { $0 + Double($1 * $1) }
            }
        }.squareRoot()
    }

    /// Takes one step against the gradients, scaled down so that their norm is at most `clip`.
    ///
    /// - Returns: the norm before clipping.
    @discardableResult
    public func step(learningRate: Float, clip: Double = 1, pool: ThreadPool) -> Double {
        steps += 1
        for parameter in parameters { parameter.maskGradient(pool: pool) }
        let norm = gradientNorm(pool: pool)
        let scale = Float(norm > clip ? clip / norm : 1)
        let correction1 = 1 - pow(settings.beta1, Float(steps))
        let correction2 = 1 - pow(settings.beta2, Float(steps))
        for (index, parameter) in parameters.enumerated() {
            for row in parameter.rowsWithGradient ?? [] { active[index]?[row] = true }
            update(
                parameter, active[index], &first[index], &second[index],
                Update(
                    scale: scale, rate: learningRate / correction1, correction2: correction2,
                    decay: parameter.decays ? settings.weightDecay * learningRate : 0), pool: pool)
        }
        return norm
    }

    /// The factors of one step.
    private struct Update {
        let scale: Float
        let rate: Float
        let correction2: Float
        let decay: Float
    }

    private func update(
        _ parameter: Parameter, _ active: [Bool]?, _ first: inout [Float], _ second: inout [Float],
        _ update: Update, pool: ThreadPool
    ) {
        let (gradient, mask, columns) = (parameter.gradient.elements, parameter.mask, parameter.value.columns)
        let settings = settings
        pool.forEachPart(of: &parameter.value.elements, &first, &second) { start, value, first, second in
            for run in Self.runs(of: start..<start + value.count, columns: columns, active) {
                let part = run.range.lowerBound - start..<run.range.upperBound - start
                let value = UnsafeMutableBufferPointer(rebasing: value[part])
                guard run.isActive else {
                    // What the whole rule gives where g, m and v are 0.
                    for index in value.indices { value[index] -= update.decay * value[index] }
                    continue
                }
                gradient.withUnsafeBufferPointer { gradient in
                    Self.update(
                        value, UnsafeMutableBufferPointer(rebasing: first[part]),
                        UnsafeMutableBufferPointer(rebasing: second[part]),
                        UnsafeBufferPointer(rebasing: gradient[run.range]), update, settings)
                }
            }
            mask?.withUnsafeBufferPointer { mask in
                let mask = UnsafeBufferPointer(rebasing: mask[start..<start + value.count])
                for index in value.indices { value[index] *= mask[index] }
            }
        }
    }

    /// The rule, for consecutive elements.
    private static func update(
        _ value: UnsafeMutableBufferPointer<Float>, _ first: UnsafeMutableBufferPointer<Float>,
        _ second: UnsafeMutableBufferPointer<Float>, _ gradient: UnsafeBufferPointer<Float>,
        _ update: Update, _ settings: Settings
    ) {
        let (beta1, beta2, epsilon) = (settings.beta1, settings.beta2, settings.epsilon)
        let (other1, other2, inverse) = (1 - beta1, 1 - beta2, 1 / update.correction2)
        for index in value.indices {
            let g = gradient[index] * update.scale
            let m = beta1 * first[index] + other1 * g
            let v = beta2 * second[index] + other2 * g * g
            first[index] = m
            second[index] = v
            let w = value[index]
            value[index] = w - (update.rate * m / ((v * inverse).squareRoot() + epsilon) + update.decay * w)
        }
    }

    /// Consecutive elements of rows that are all active, or all not.
    private static func runs(of elements: Range<Int>, columns: Int, _ active: [Bool]?)
        -> [(range: Range<Int>, isActive: Bool)]
    {
        guard let active else { return [(elements, true)] }
        var runs: [(range: Range<Int>, isActive: Bool)] = []
        var start = elements.lowerBound
        while start < elements.upperBound {
            let isActive = active[start / columns]
            var row = start / columns + 1
            while row < active.count, row * columns < elements.upperBound, active[row] == isActive {
                row += 1
            }
            let end = min(row * columns, elements.upperBound)
            runs.append((start..<end, isActive))
            start = end
        }
        return runs
    }
}
