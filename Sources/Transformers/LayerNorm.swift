import CKernels
import Tensors

/// Layer normalization over features: (x − mean) / √(variance + ε) · γ + β (Ba, Kiros and Hinton, 2016).
public final class LayerNorm: Sendable {
    private let gamma: AlignedBuffer<Float>
    private let beta: AlignedBuffer<Float>
    private let epsilon: Float

    /// Takes γ and β, one of each for every feature.
    public init(gamma: [Float], beta: [Float], epsilon: Double) {
        precondition(gamma.count == beta.count)
        self.gamma = AlignedBuffer(gamma)
        self.beta = AlignedBuffer(beta)
        self.epsilon = Float(epsilon)
    }

    /// Writes the normalized sum of `input` and `residual` [features × tokens] to `output`, which may be
    /// either of them.
    public func apply(
        _ input: PanelMatrix, residual: PanelMatrix?, into output: PanelMatrix, strips: Range<Int>,
        instructionSet: InstructionSet = .best
    ) {
        precondition(input.features == gamma.count && output.features == gamma.count)
        var norm = secateur_layernorm(
            gamma: gamma.address, beta: beta.address, features: gamma.count, epsilon: epsilon)
        instructionSet.kernels.pointee.layernorm(
            &norm, input.address, residual?.address, output.address, input.tokens, strips.lowerBound,
            strips.upperBound)
    }

    func apply(one input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        InstructionSet.best.languageKernels.pointee.normalize_one(
            gamma.address, beta.address, epsilon, gamma.count, input, output)
    }
}
