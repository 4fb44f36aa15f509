import Foundation
import Tensors

/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019, algorithm 2), biases corrected:
///
///     m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  w ← w − η(m̂ / (√v̂ + ε) + λw)
///
/// Elements that a parameter's mask holds at zero stay there.
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

        /// The defaults.
        public init() {}
    }

    private let settings: Settings
    private let parameters: [Parameter]
    /// m of each parameter.
    private(set) var first: [[Float]]
    /// v of each parameter.
    private(set) var second: [[Float]]
    /// Steps taken.
    public private(set) var steps = 0

    /// Starts with no steps taken.
    public init(_ parameters: [Parameter], settings: Settings = Settings()) {
        self.parameters = parameters
        self.settings = settings
        first = parameters.map { [Float](repeating: 0, count: $0.value.elements.count) }
        second = first
    }

    /// Goes on from a checkpoint; moments must have the parameters' sizes.
    func restore(first: [[Float]], second: [[Float]], steps: Int) {
        precondition(first.map(\.count) == self.first.map(\.count))
        precondition(second.map(\.count) == self.second.map(\.count))
        self.first = first
        self.second = second
        self.steps = steps
    }

    /// √Σg² over all parameters.
    public func gradientNorm(pool: ThreadPool) -> Double {
        parameters.reduce(0.0) { total, parameter in
            total
                + pool.sum(over: parameter.gradient.elements) { part in
                    var sum: Float = 0
                    for value in part { sum += value * value }
                    return Double(sum)
                }
        }.squareRoot()
    }

    /// Takes one step against the gradients, scaled down so that their norm is at most `clip`.
    ///
    /// - Returns: the norm before clipping.
    @discardableResult
    public func step(learningRate: Float, clip: Double = 1, pool: ThreadPool) -> Double {
        steps += 1
        let norm = gradientNorm(pool: pool)
        let scale = Float(norm > clip ? clip / norm : 1)
        let correction1 = 1 - pow(settings.beta1, Float(steps))
        let correction2 = 1 - pow(settings.beta2, Float(steps))
        for (index, parameter) in parameters.enumerated() {
            update(
                parameter, &first[index], &second[index],
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
        _ parameter: Parameter, _ first: inout [Float], _ second: inout [Float], _ update: Update,
        pool: ThreadPool
    ) {
        let (beta1, beta2, epsilon) = (settings.beta1, settings.beta2, settings.epsilon)
        let (gradient, mask) = (parameter.gradient.elements, parameter.mask)
        let inverse = 1 / update.correction2
        pool.forEachPart(of: &parameter.value.elements, &first, &second) { start, value, first, second in
            gradient.withUnsafeBufferPointer { gradient in
                for index in 0..<value.count {
                    let g = gradient[start + index] * update.scale
                    let m = beta1 * first[index] + (1 - beta1) * g
                    let v = beta2 * second[index] + (1 - beta2) * g * g
                    first[index] = m
                    second[index] = v
                    let w = value[index]
                    value[index] =
                        w - (update.rate * m / ((v * inverse).squareRoot() + epsilon) + update.decay * w)
                }
            }
            mask?.withUnsafeBufferPointer { mask in
                for index in 0..<value.count { value[index] *= mask[start + index] }
            }
        }
    }
}
