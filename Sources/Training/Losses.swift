import Foundation
import Tensors

/// A loss, and its gradient at what it was computed from.
public struct LossValue: Sendable {
    /// The loss, a mean over the batch.
    public let loss: Double
    /// ∂loss/∂input, of the input's shape.
    public let gradient: Matrix

    /// (1 − weight)·self + weight·other.
    func mixed(with other: LossValue, weight: Double) -> LossValue {
        combined(own: 1 - weight, other, weight)
    }

    /// self + weight·other.
    func adding(_ other: LossValue, weight: Double) -> LossValue {
        combined(own: 1, other, weight)
    }

    private func combined(own: Double, _ other: LossValue, _ others: Double) -> LossValue {
        let (first, second) = (Float(own), Float(others))
        return LossValue(
            loss: own * loss + others * other.loss,
            gradient: Matrix(
                rows: gradient.rows, columns: gradient.columns,
                elements: zip(gradient.elements, other.gradient.elements).map { first * $0 + second * $1 }))
    }
}

/// Losses with their gradients.
public enum Losses {
    /// Mean over pairs of (cos(e₁, e₂) − target)², with rows 2p and 2p + 1 of E [2·pairs × hidden], each of
    /// length 1, being a pair (CosineSimilarityLoss of sentence-transformers). Pairs without a target add
    /// nothing.
    public static func cosineRegression(_ embeddings: Matrix, targets: [Float?]) -> LossValue {
        precondition(embeddings.rows == 2 * targets.count)
        var gradient = Matrix(rows: embeddings.rows, columns: embeddings.columns)
        var loss = 0.0
        for (pair, target) in targets.enumerated() {
            guard let target else { continue }
            let (a, b) = (embeddings.row(2 * pair), embeddings.row(2 * pair + 1))
            let difference = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } - target
            loss += Double(difference * difference) / Double(targets.count)
            let factor = 2 * difference / Float(targets.count)
            for (column, (x, y)) in zip(a, b).enumerated() {
                gradient[2 * pair, column] = factor * y
                gradient[2 * pair + 1, column] = factor * x
            }
        }
        return LossValue(loss: loss, gradient: gradient)
    }

    /// Distillation of similarities: mean over all pairs of rows of (⟨eᵢ, eⱼ⟩ − ⟨tᵢ, tⱼ⟩)², with the
    /// student's embeddings E and the teacher's T, rows of length 1 (relational knowledge distillation: Park
    /// et al., CVPR 2019, on similarities; embeddings themselves may turn together).
    public static func similarityDistillation(_ embeddings: Matrix, teacher: Matrix) -> LossValue {
        precondition(embeddings.rows == teacher.rows)
        let count = embeddings.rows
        var difference = Matrix(rows: count, columns: count)
        BLAS.multiply(teacher, teacher, transposeB: true, into: &difference)
        BLAS.multiply(embeddings, embeddings, transposeB: true, alpha: 1, into: &difference, beta: -1)
        for row in 0..<count { difference[row, row] = 0 }
        let pairs = Float(max(count * (count - 1), 1))
        let loss = difference.elements.reduce(0.0) { $0 + Double($1 * $1) } / Double(pairs)
        var gradient = Matrix(rows: count, columns: embeddings.columns)
        BLAS.multiply(difference, embeddings, alpha: 4 / pairs, into: &gradient)
        return LossValue(loss: loss, gradient: gradient)
    }

    /// Distillation of embeddings: mean over rows of 1 − ⟨eᵢ, tᵢ⟩ = ½‖eᵢ − tᵢ‖², with the student's embeddings E and
    /// the teacher's T, rows of length 1 (Reimers and Gurevych, EMNLP 2020, equation 1).
    public static func embeddingDistillation(_ embeddings: Matrix, teacher: Matrix) -> LossValue {
        precondition(embeddings.rows == teacher.rows && embeddings.columns == teacher.columns)
        let scale = -1 / Float(max(embeddings.rows, 1))
        let cosines = zip(embeddings.elements, teacher.elements).reduce(0.0) { $0 + Double($1.0 * $1.1) }
        return LossValue(
            loss: 1 - cosines / Double(max(embeddings.rows, 1)), gradient: teacher.scaled(by: scale))
    }

    /// Distillation of hidden states: the mean over tokens and features of (hᵢⱼ − tᵢⱼ)², with the student's
    /// states H and the teacher's T [tokens × hidden] (Jiao et al., "TinyBERT", 2020, equation 8).
    public static func stateDistillation(_ states: Matrix, teacher: Matrix) -> LossValue {
        precondition(states.rows == teacher.rows && states.columns == teacher.columns)
        let scale = 1 / Float(max(states.elements.count, 1))
        var gradient = states
        var loss = 0.0
        for (index, target) in teacher.elements.enumerated() {
            let difference = gradient.elements[index] - target
            loss += Double(difference * difference * scale)
            gradient.elements[index] = 2 * scale * difference
        }
        return LossValue(loss: loss, gradient: gradient)
    }

    /// Mean over rows of −log softmax(z)_label, with logits Z [examples × classes]. Rows without a label add
    /// nothing.
    public static func crossEntropy(_ logits: Matrix, labels: [Int?]) -> LossValue {
        precondition(logits.rows == labels.count)
        var gradient = Matrix(rows: logits.rows, columns: logits.columns)
        var loss = 0.0
        let scale = 1 / Float(max(labels.count, 1))
        for (row, label) in labels.enumerated() {
            guard let label else { continue }
            let probabilities = softmax(logits.row(row))
            loss -= Double(log(max(probabilities[label], .leastNormalMagnitude))) * Double(scale)
            for (column, probability) in probabilities.enumerated() {
                gradient[row, column] = (probability - (column == label ? 1 : 0)) * scale
            }
        }
        return LossValue(loss: loss, gradient: gradient)
    }

    /// Mean over rows of KL(softmax(t/τ) ‖ softmax(z/τ))·τ² with the student's logits Z and the teacher's T
    /// [examples × classes] (Hinton, Vinyals and Dean, 2015).
    public static func logitDistillation(_ logits: Matrix, teacher: Matrix, temperature: Float = 2)
        -> LossValue
    {
        precondition(logits.rows == teacher.rows && logits.columns == teacher.columns)
        var gradient = logits
        var loss = 0.0
        let scale = 1 / Float(max(logits.rows, 1))
        for row in 0..<logits.rows {
            let student = softmax(logits.row(row).map { $0 / temperature }[...])
            let target = softmax(teacher.row(row).map { $0 / temperature }[...])
            for (column, (q, p)) in zip(student, target).enumerated() {
                if p > 0 { loss += Double(p * log(p / max(q, .leastNormalMagnitude))) * Double(scale) }
                gradient[row, column] = (q - p) * scale * temperature
            }
        }
        return LossValue(loss: loss * Double(temperature * temperature), gradient: gradient)
    }

    private static func softmax(_ values: ArraySlice<Float>) -> [Float] {
        let top = values.max() ?? 0
        let powers = values.map { exp($0 - top) }
        let total = powers.reduce(0, +)
        return powers.map { $0 / total }
    }
}
