import Tensors
import Transformers

/// What is learned: how the hidden states of a batch become outputs, and a loss with its gradients.
/// Two conform: ``SimilarityObjective`` and ``ClassificationObjective``.
public protocol TrainingObjective {
    /// The parameters that are not the encoder's.
    var headParameters: [Parameter] { get }

    /// What a model is judged by: embeddings [sequences × hidden] or logits [examples × classes].
    func outputs(_ hidden: Matrix, batch: TokenBatch, pool: ThreadPool) -> Matrix

    /// The loss of a batch, whose gradients are added to those of the head.
    ///
    /// - Parameter teacher: the outputs of a dense model for the same examples, to be distilled from.
    /// - Returns: the loss, and ∂loss/∂hidden [tokens × hidden].
    func loss(
        _ hidden: Matrix, examples: [TrainingExample], batch: TokenBatch, teacher: Matrix?, pool: ThreadPool
    ) -> LossValue
}

/// How much of the loss is agreement with a dense model instead of labels.
public struct Distillation: Sendable, Equatable, Codable {
    /// Weight of the outputs' loss, in [0, 1]; labels have the rest.
    public var outputs: Double
    /// Weight of the embeddings' distance, 1 − cosine, added to that.
    public var embeddings: Double
    /// Weight of the hidden states' mean squared difference, added to that.
    public var hidden: Double
    /// What logits are divided by before they are compared.
    public var temperature: Double

    /// Sets the weights; nothing is distilled unless told.
    public init(
        outputs: Double = 0, embeddings: Double = 0, hidden: Double = 0, temperature: Double = 2
    ) {
        self.outputs = outputs
        self.embeddings = embeddings
        self.hidden = hidden
        self.temperature = temperature
    }

    /// Whether the teacher's outputs are looked at.
    var usesOutputs: Bool { outputs > 0 || embeddings > 0 }
}

/// The cosine of the two sentences' embeddings is to be their similarity.
public struct SimilarityObjective: TrainingObjective {
    private let sentences: SentenceOperation
    private let distillation: Distillation

    /// Sets how tokens are pooled, and how much is distilled.
    public init(pooling: SentencePooling, distillation: Distillation = Distillation()) {
        sentences = SentenceOperation(pooling: pooling)
        self.distillation = distillation
    }

    public var headParameters: [Parameter] { [] }

    /// One embedding of length 1 for each sequence.
    public func outputs(_ hidden: Matrix, batch: TokenBatch, pool: ThreadPool) -> Matrix {
        sentences.forward(hidden, batch: batch).embeddings
    }

    /// ``Losses/cosineRegression(_:targets:)``, mixed with ``Losses/similarityDistillation(_:teacher:)``, and
    /// ``Losses/embeddingDistillation(_:teacher:)`` added.
    public func loss(
        _ hidden: Matrix, examples: [TrainingExample], batch: TokenBatch, teacher: Matrix?, pool: ThreadPool
    ) -> LossValue {
        let saved = sentences.forward(hidden, batch: batch)
        var loss = Losses.cosineRegression(saved.embeddings, targets: examples.map(\.target))
        if let teacher {
            loss = loss.mixed(
                with: Losses.similarityDistillation(saved.embeddings, teacher: teacher),
                weight: distillation.outputs)
            if distillation.embeddings > 0 {
                loss = loss.adding(
                    Losses.embeddingDistillation(saved.embeddings, teacher: teacher),
                    weight: distillation.embeddings)
            }
        }
        return LossValue(
            loss: loss.loss,
            gradient: sentences.backward(loss.gradient, saved: saved, batch: batch))
    }
}

/// The class of a sequence, by Hugging Face's `BertForSequenceClassification`.
public struct ClassificationObjective: TrainingObjective {
    private let head: ClassificationHead
    private let distillation: Distillation

    /// Takes a head of as many classes as labels can be.
    public init(head: ClassificationHead, distillation: Distillation = Distillation()) {
        self.head = head
        self.distillation = distillation
    }

    /// The pooler's and the classifier's.
    public var headParameters: [Parameter] { head.parameters }

    /// Logits.
    public func outputs(_ hidden: Matrix, batch: TokenBatch, pool: ThreadPool) -> Matrix {
        head.forward(hidden, batch: batch, pool: pool).logits
    }

    /// Cross-entropy, mixed with ``Losses/logitDistillation(_:teacher:temperature:)``.
    public func loss(
        _ hidden: Matrix, examples: [TrainingExample], batch: TokenBatch, teacher: Matrix?, pool: ThreadPool
    ) -> LossValue {
        let saved = head.forward(hidden, batch: batch, pool: pool)
        var loss = Losses.crossEntropy(saved.logits, labels: examples.map(\.label))
        if let teacher {
            let distilled = Losses.logitDistillation(
                saved.logits, teacher: teacher, temperature: Float(distillation.temperature))
            loss = loss.mixed(with: distilled, weight: distillation.outputs)
        }
        return LossValue(
            loss: loss.loss,
            gradient: head.backward(loss.gradient, saved: saved, batch: batch, pool: pool))
    }
}
