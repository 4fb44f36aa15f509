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
    private var first: [[Float]]
    private var second: [[Float]]
    /// Steps taken.
    public private(set) var steps = 0

    /// Starts with no steps taken.
    public init(_ parameters: [Parameter], settings: Settings = Settings()) {
        self.parameters = parameters
        self.settings = settings
        first = parameters.map { [Float](repeating: 0, count: $0.value.elements.count) }
        second = first
    }

    /// √Σg² over all parameters.
    public var gradientNorm: Double {
        parameters.reduce(0.0) { total, parameter in
            total
                + parameter.gradient.elements.withUnsafeBufferPointer { gradient in
                    var sum = 0.0
                    for value in gradient { sum += Double(value * value) }
                    return sum
                }
        }.squareRoot()
    }

    /// Takes one step against the gradients, scaled down so that their norm is at most `clip`.
    ///
    /// - Returns: the norm before clipping.
    @discardableResult
    public func step(learningRate: Float, clip: Double = 1) -> Double {
        steps += 1
        let norm = gradientNorm
        let scale = Float(norm > clip ? clip / norm : 1)
        let correction1 = 1 - pow(settings.beta1, Float(steps))
        let correction2 = 1 - pow(settings.beta2, Float(steps))
        for (index, parameter) in parameters.enumerated() {
            let decay = parameter.decays ? settings.weightDecay * learningRate : 0
            update(
                parameter, &first[index], &second[index], scale: scale,
                rate: learningRate / correction1, correction2: correction2, decay: decay)
        }
        return norm
    }

    private func update(
        _ parameter: Parameter, _ first: inout [Float], _ second: inout [Float], scale: Float, rate: Float,
        correction2: Float, decay: Float
    ) {
        let (beta1, beta2, epsilon) = (settings.beta1, settings.beta2, settings.epsilon)
        let mask = parameter.mask
        parameter.value.elements.withUnsafeMutableBufferPointer { value in
            parameter.gradient.elements.withUnsafeBufferPointer { gradient in
                first.withUnsafeMutableBufferPointer { first in
                    second.withUnsafeMutableBufferPointer { second in
                        for index in value.indices {
                            let g = gradient[index] * scale
                            first[index] = beta1 * first[index] + (1 - beta1) * g
                            second[index] = beta2 * second[index] + (1 - beta2) * g * g
                            let deviation = (second[index] / correction2).squareRoot() + epsilon
                            value[index] -= rate * first[index] / deviation + decay * value[index]
                        }
                        if let mask { for index in value.indices { value[index] *= mask[index] } }
                    }
                }
            }
        }
    }
}

/// Linear warm-up to the peak, then linear decay to 0 (Devlin et al., 2018).
public struct LearningRateSchedule: Sendable, Equatable {
    /// The highest rate.
    public let peak: Float
    /// Steps until it is reached.
    public let warmUpSteps: Int
    /// Steps in all.
    public let steps: Int

    /// Sets a schedule; warm-up is a fraction of the steps.
    public init(peak: Float, steps: Int, warmUp: Double = 0.1) {
        self.peak = peak
        self.steps = steps
        warmUpSteps = max(Int((Double(steps) * warmUp).rounded()), 1)
    }

    /// The rate of a step, counted from 0.
    public func rate(_ step: Int) -> Float {
        if step < warmUpSteps { return peak * Float(step + 1) / Float(warmUpSteps) }
        return peak * Float(max(steps - step, 0)) / Float(max(steps - warmUpSteps, 1))
    }
}
