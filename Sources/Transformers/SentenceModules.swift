import Foundation
import ModelFiles
import Tensors

/// What turns the hidden states of a sequence into its embedding: pooling, then steps on the pooled vector,
/// as the modules of a sentence-transformers folder.
///
///     let modules = try SentenceModules(folder: "models/minilm", hidden: 384)   // mean, then length 1
public struct SentenceModules: Sendable, Equatable {
    /// A step on one vector.
    public enum Step: Sendable, Equatable {
        /// Divides by the length, so that it is 1.
        case normalize
        /// A linear layer with an activation.
        case dense(SentenceDense)
    }

    /// How tokens become one vector.
    public let pooling: SentencePooling
    /// What is done to it, in this order.
    public let steps: [Step]

    /// Takes a pooling and steps.
    public init(pooling: SentencePooling, steps: [Step]) {
        self.pooling = pooling
        self.steps = steps
    }

    /// The same for sequences whose first tokens are a prompt's, which some models do not pool.
    public func following(promptTokens: Int) -> SentenceModules {
        SentenceModules(pooling: pooling.following(promptTokens: promptTokens), steps: steps)
    }

    /// The mean over tokens, of length 1: what a folder without modules means.
    public static let standard = SentenceModules(pooling: .mean, steps: [.normalize])

    /// Features of an embedding.
    public func width(hidden: Int) -> Int {
        steps.reduce(pooling.width(hidden: hidden)) { width, step in
            if case .dense(let dense) = step { dense.weight.rows } else { width }
        }
    }

    /// The same with embeddings of length 1.
    package var ofLengthOne: SentenceModules {
        steps.last == .normalize ? self : SentenceModules(pooling: pooling, steps: steps + [.normalize])
    }

    /// The same without what makes embeddings of length 1 in the end.
    package var ofOwnLength: SentenceModules {
        SentenceModules(
            pooling: pooling, steps: steps.reversed().drop { $0 == .normalize }.reversed())
    }

    /// Whether directions of embeddings are those of pooled vectors, as where no step but normalizing
    /// follows.
    public var keepsDirection: Bool { steps.allSatisfy { $0 == .normalize } }

    /// A text that differs where embeddings differ.
    public var identity: String {
        let modes = pooling.modes.map(\.rawValue).joined(separator: "+")
        let steps = steps.map { step in
            switch step {
            case .normalize: "normalize"
            case .dense(let dense): "dense \(dense.identity)"
            }
        }
        return (["\(modes) from \(pooling.skippedTokens)"] + steps).joined(separator: ", ")
    }

    /// The embedding of a pooled vector.
    func embedding(_ pooled: [Float]) -> [Float] {
        steps.reduce(pooled) { vector, step in
            switch step {
            case .normalize: Self.normalized(vector)
            case .dense(let dense): dense.apply(vector)
            }
        }
    }

    /// x / max(‖x‖, 10⁻¹²), as PyTorch normalizes.
    private static func normalized(_ vector: [Float]) -> [Float] {
        let squares = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
        let scale = Float(1 / max(squares.squareRoot(), 1e-12))
        return vector.map { $0 * scale }
    }
}

/// y = f(W·x + b) on an embedding.
public struct SentenceDense: Sendable, Equatable {
    /// f.
    public enum Activation: String, Sendable, CaseIterable {
        /// f(x) = x
        case identity = "torch.nn.modules.linear.Identity"
        /// The hyperbolic tangent.
        case tanh = "torch.nn.modules.activation.Tanh"
    }

    /// W [outputs × inputs].
    public let weight: Matrix
    /// b, one for each output; nil where there is none.
    public let bias: [Float]?
    /// f.
    public let activation: Activation

    /// Takes W, b and f.
    public init(weight: Matrix, bias: [Float]?, activation: Activation) {
        precondition(bias == nil || bias?.count == weight.rows)
        self.weight = weight
        self.bias = bias
        self.activation = activation
    }

    var identity: String {
        let bytes = (weight.elements + (bias ?? [])).withUnsafeBytes { Data($0) }
        let shape = "\(weight.rows)x\(weight.columns)\(bias == nil ? "" : " with bias")"
        return "\(shape) \(activation.rawValue) \(FileDigest.sha256(bytes))"
    }

    func apply(_ x: [Float]) -> [Float] {
        precondition(x.count == weight.columns)
        return (0..<weight.rows).map { row in
            let sum = zip(weight.row(row), x).reduce(bias?[row] ?? 0) { $0 + $1.0 * $1.1 }
            return switch activation {
            case .identity: sum
            case .tanh: Foundation.tanh(sum)
            }
        }
    }
}
