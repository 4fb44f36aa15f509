import CKernels
import Tensors

/// Normalizes the features of every token. Two conform: ``LayerNorm`` and ``RMSNorm``.
protocol Normalization: Sendable {
    /// Writes the normalized `input` [features × tokens] to `output`, which may be the same.
    func apply(_ input: PanelMatrix, into output: PanelMatrix, strips: Range<Int>)
    /// Normalizes the features of one token, which are side by side.
    func apply(one input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>)
}

extension LayerNorm: Normalization {
    func apply(_ input: PanelMatrix, into output: PanelMatrix, strips: Range<Int>) {
        apply(input, residual: nil, into: output, strips: strips)
    }
}

/// Root-mean-square normalization: x / √(mean x² + ε) · γ (Zhang and Sennrich, 2019).
public final class RMSNorm: Normalization {
    private let gamma: AlignedBuffer<Float>
    private let epsilon: Float

    /// Takes γ, one for every feature.
    public init(gamma: [Float], epsilon: Double) {
        self.gamma = AlignedBuffer(gamma)
        self.epsilon = Float(epsilon)
    }

    /// Writes the normalized `input` [features × tokens] to `output`, which may be the same.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, strips: Range<Int>) {
        precondition(input.features == gamma.count && output.features == gamma.count)
        InstructionSet.best.languageKernels.pointee.rmsnorm(
            gamma.address, epsilon, gamma.count, input.tokens, input.address, output.address,
            strips.lowerBound, strips.upperBound)
    }

    /// Normalizes the features of one head of all tokens, from `first` on.
    func apply(toHead first: Int, of matrix: PanelMatrix) {
        precondition(first >= 0 && first + gamma.count <= matrix.features)
        InstructionSet.best.languageKernels.pointee.rmsnorm_head(
            gamma.address, epsilon, matrix.address, matrix.features, first, gamma.count, matrix.tokens)
    }

    func apply(one input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
        InstructionSet.best.languageKernels.pointee.normalize_one(
            gamma.address, nil, epsilon, gamma.count, input, output)
    }
}
