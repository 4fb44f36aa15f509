import ModelFiles
import Tensors
import Transformers

/// Trains an encoder and its head, one batch after the other.
///
///     let trainer = Trainer(graph: graph, parameters: parameters, objective: objective, …)
///     for batch in buckets.batches(epoch: 0) { trainer.step(batch.map { examples[$0] }, rate: 1e-4) }
public final class Trainer {
    /// What is trained.
    public let parameters: ParameterSet
    public let graph: EncoderGraph
    /// The head and its loss.
    public let objective: any TrainingObjective
    /// Every parameter that is trained.
    public let trained: [Parameter]
    private let computedWith: [Parameter]
    /// Made for the first step: a trainer that only judges a model needs no moments.
    private(set) lazy var optimizer = AdamW(trained, settings: settings)
    private let settings: AdamW.Settings
    let pool: ThreadPool
    private let distillation: Distillation
    private let dropout: Double
    private let seed: UInt64
    private let teacher: Teacher?
    private let quantization: FakeQuantization?

    /// What a step showed.
    public struct StepResult: Sendable, Equatable {
        /// The loss of the batch.
        public let loss: Double
        /// The norm of the gradients before they were clipped.
        public let gradientNorm: Double
    }

    /// Puts a trainer together.
    ///
    /// - Parameters:
    ///   - dropout: the probability by which activations are dropped in training steps, with what fixes
    ///     which.
    ///   - teacher: a dense model to distil from.
    ///   - quantization: weights that are stored in fewer bits, some of the graph's.
    ///   - isFixed: whether the parameter of a name stays as it is.
    public init(
        graph: EncoderGraph, parameters: ParameterSet, objective: any TrainingObjective,
        settings: AdamW.Settings = .init(), distillation: Distillation = .init(),
        dropout: (rate: Double, seed: UInt64) = (0, 0), teacher: Teacher? = nil,
        quantization: FakeQuantization? = nil, isFixed: (_ name: String) -> Bool = { _ in false },
        pool: ThreadPool
    ) {
        self.graph = graph
        self.parameters = parameters
        self.objective = objective
        self.distillation = distillation
        (self.dropout, seed) = dropout
        self.teacher = teacher
        self.quantization = quantization
        self.pool = pool
        computedWith = graph.parameters + objective.headParameters + (quantization?.scales ?? [])
        trained = computedWith.filter { !isFixed($0.name) }
        self.settings = settings
        // Each step allocates and frees the same matrices.
        FreedMemory.keep()
    }

    /// Runs examples forward and backward: adds the gradients of their mean loss, which it returns.
    ///
    /// - Parameter teacherOutputs: the teacher's for these examples.
    public func accumulate(
        _ examples: [TrainingExample], teacherOutputs: Matrix? = nil, dropout: Dropout? = nil
    ) -> Double {
        let batch = TokenBatch(examples)
        let tape = graph.forward(batch, dropout: dropout, pool: pool)
        let asked = asksTeacher(teacherOutputs) ? teacher?.answer(batch, pool: pool) : nil
        let targets = distillation.usesOutputs ? teacherOutputs ?? asked?.outputs : nil
        let result = objective.loss(
            tape.hidden, examples: examples, batch: batch, teacher: targets, pool: pool)
        var loss = result.loss
        var others: [Int: Matrix] = [:]
        if distillation.hidden > 0, let asked {
            for (index, state) in asked.states(like: tape.states) {
                let distilled = Losses.stateDistillation(tape.states[index], teacher: state)
                let scale = distillation.hidden / Double(tape.states.count)
                loss += scale * distilled.loss
                others[index] = distilled.gradient.scaled(by: Float(scale))
            }
        }
        graph.backward(result.gradient, others: others, tape: tape, batch: batch, pool: pool)
        return loss
    }

    private func asksTeacher(_ outputs: Matrix?) -> Bool {
        distillation.hidden > 0 || (distillation.usesOutputs && outputs == nil)
    }

    /// Takes one step on a batch.
    ///
    /// - Parameter beforeUpdate: called when the gradients are there and the weights are not changed yet.
    @discardableResult
    public func step(
        _ examples: [TrainingExample], teacherOutputs: Matrix? = nil, rate: Float,
        beforeUpdate: () -> Void = {}
    ) -> StepResult {
        clearGradients()
        quantization?.round(pool: pool)
        let loss = accumulate(
            examples, teacherOutputs: teacherOutputs,
            dropout: dropout > 0 ? Dropout(rate: dropout, seed: seed, step: optimizer.steps) : nil)
        quantization?.passBack(pool: pool)
        beforeUpdate()
        return StepResult(loss: loss, gradientNorm: optimizer.step(learningRate: rate, pool: pool))
    }

    /// Forgets all gradients.
    public func clearGradients() {
        for parameter in computedWith { parameter.clearGradient() }
    }

    /// The outputs of examples, in their order.
    public func outputs(_ examples: [TrainingExample], progress: (Double) -> Void = { _ in }) -> Matrix {
        var rows: [Float] = []
        var columns = 0
        for chunk in TokenBatch.chunks(of: examples.map { $0.sequences.flatMap { $0 } }, tokens: 1024) {
            progress(Double(chunk.lowerBound) / Double(examples.count))
            let batch = TokenBatch(examples[chunk])
            let hidden = graph.forward(batch, pool: pool).hidden
            let outputs = objective.outputs(hidden, batch: batch, pool: pool)
            rows += outputs.elements
            columns = outputs.columns
        }
        return Matrix(rows: columns == 0 ? 0 : rows.count / columns, columns: columns, elements: rows)
    }
}

/// A dense model to distil from.
public struct Teacher {
    private let graph: EncoderGraph
    private let objective: (any TrainingObjective)?

    /// Takes an encoder that is not trained meanwhile.
    ///
    /// - Parameter objective: makes its outputs; nil where only its hidden states are asked for.
    public init(graph: EncoderGraph, objective: (any TrainingObjective)? = nil) {
        self.graph = graph
        self.objective = objective
    }

    /// What it makes of a batch.
    struct Answer {
        /// The hidden states after the embeddings and after each block.
        let states: [Matrix]
        /// As ``TrainingObjective/outputs(_:batch:pool:)`` has them.
        let outputs: Matrix?

        /// The states that a student's are to be like, by the student's index: the embeddings' and each block's,
        /// blocks spread evenly where the student has fewer.
        func states(like student: [Matrix]) -> [(Int, Matrix)] {
            let (own, others) = (states.count - 1, max(student.count - 1, 1))
            return student.indices.map { ($0, states[($0 * own + others / 2) / others]) }
        }
    }

    /// Runs a batch.
    func answer(_ batch: TokenBatch, pool: ThreadPool) -> Answer {
        let states = graph.forward(batch, pool: pool).states
        return Answer(
            states: states,
            outputs: objective?.outputs(states[states.count - 1], batch: batch, pool: pool))
    }
}
