import Tensors
import Transformers

/// Z = f(H·Wₚᵀ + bₚ)·W_cᵀ + b_c with H the states of each sequence's first token, [CLS]: logits
/// [sequences × classes]; see ``ClassifierDescription``.
public struct ClassificationHead {
    private let pooler: LinearOperation
    private let classifier: LinearOperation
    private let activation: ClassifierDescription.Activation

    /// What backward needs, [sequences × …] each.
    struct Saved {
        let first: Matrix
        let pooled: Matrix
        let logits: Matrix
    }

    /// The pooler that the parameters have, else the identity; a classifier likewise, else one drawn from a
    /// normal distribution of deviation 0.02, as BERT's authors drew theirs. What is missing is added to the
    /// parameters.
    /// - Throws: `Issue` for a tensor of another shape.
    public init(parameters: ParameterSet, configuration: EncoderConfiguration, classes: Int, seed: UInt64)
        throws
    {
        let (description, hidden) = (configuration.description.classifier, configuration.dimensions.hidden)
        let (pooler, classifier) = (description.pooler, description.classifier)
        if !parameters.contains("\(pooler).weight") {
            var identity = [Float](repeating: 0, count: hidden * hidden)
            for index in 0..<hidden { identity[index * hidden + index] = 1 }
            parameters.add(Parameter(name: "\(pooler).weight", shape: [hidden, hidden], elements: identity))
            parameters.add(.zeros("\(pooler).bias", shape: [hidden]))
        }
        if !parameters.contains("\(classifier).weight") {
            var random = CounterBasedRandom(seed: seed, stream: .classifierStart)
            let elements = (0..<classes * hidden).map { _ in Float(0.02 * random.nextNormal()) }
            parameters.add(
                Parameter(name: "\(classifier).weight", shape: [classes, hidden], elements: elements))
            parameters.add(.zeros("\(classifier).bias", shape: [classes]))
        }
        self.pooler = try OperationFactory.linear(parameters, pooler, hidden, hidden)
        self.classifier = try OperationFactory.linear(parameters, classifier, classes, hidden)
        activation = description.activation
    }

    var parameters: [Parameter] {
        [pooler.weight, pooler.bias, classifier.weight, classifier.bias]
    }

    func forward(_ hidden: Matrix, batch: TokenBatch, pool: ThreadPool) -> Saved {
        var first = Matrix(rows: batch.count, columns: hidden.columns)
        for sequence in 0..<batch.count {
            let token = batch.range(sequence).lowerBound
            first.replaceBlock(
                row: sequence, column: 0, with: hidden.block(token..<token + 1, 0..<hidden.columns))
        }
        var pooled = pooler.forward(first, pool: pool)
        for index in pooled.elements.indices {
            pooled.elements[index] = activation.value(pooled.elements[index])
        }
        return Saved(first: first, pooled: pooled, logits: classifier.forward(pooled, pool: pool))
    }

    /// ∂loss/∂H, zeros for all tokens but the first of each sequence.
    func backward(_ dLogits: Matrix, saved: Saved, batch: TokenBatch, pool: ThreadPool) -> Matrix {
        var dPooled = classifier.backward(dLogits, x: saved.pooled, pool: pool)
        for index in dPooled.elements.indices {
            dPooled.elements[index] *= activation.slope(atOutput: saved.pooled.elements[index])
        }
        let dFirst = pooler.backward(dPooled, x: saved.first, pool: pool)
        var dHidden = Matrix(rows: batch.tokens, columns: dFirst.columns)
        for sequence in 0..<batch.count {
            dHidden.replaceBlock(
                row: batch.range(sequence).lowerBound, column: 0,
                with: dFirst.block(sequence..<sequence + 1, 0..<dFirst.columns))
        }
        return dHidden
    }
}
