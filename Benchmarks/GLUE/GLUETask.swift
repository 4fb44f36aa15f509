import Evaluation
import Models
import Search
import Tensors
import Training
import Transformers

/// A task of GLUE and how a small encoder is trained for it.
struct GLUETask: NamedChoice {
    let name: String
    let task: FineTuningTask
    let metric: ClassificationMetric
    /// Whether it has too few pairs to learn from alone what a pair is.
    let startsFromRelatedPairs: Bool
    /// How the dense model is trained.
    let dense: TrainingPlan
    /// How a pruned model is trained with the dense one as its teacher.
    let recovery: TrainingPlan

    private init(
        _ name: String, _ task: FineTuningTask, _ metric: ClassificationMetric, dense: TrainingPlan,
        recoveryEpochs: Int, startsFromRelatedPairs: Bool = false
    ) {
        (self.name, self.task, self.metric, self.dense) = (name, task, metric, dense)
        self.startsFromRelatedPairs = startsFromRelatedPairs
        // Few examples are soon learned by heart: a model that has lost little should not learn them again.
        recovery = Self.plan(
            epochs: recoveryEpochs, learningRate: 3e-5,
            distillation: Distillation(outputs: 0.9, hidden: 10))
    }

    /// In the order in which they are done: what takes least comes first.
    static let all = [
        GLUETask(
            "cola", .classification, .matthews, dense: plan(epochs: 4, learningRate: 1e-4), recoveryEpochs: 4),
        GLUETask(
            "rte", .classification, .accuracy, dense: plan(epochs: 3, learningRate: 1e-4), recoveryEpochs: 4),
        GLUETask(
            "mrpc", .classification, .f1,
            dense: plan(epochs: 4, learningRate: 5e-5, batchSize: 16, dropout: 0.1),
            recoveryEpochs: 4, startsFromRelatedPairs: true),
        GLUETask("stsb", .sts, .accuracy, dense: plan(epochs: 2, learningRate: 5e-5), recoveryEpochs: 2),
        GLUETask(
            "sst2", .classification, .accuracy, dense: plan(epochs: 1, learningRate: 1e-4), recoveryEpochs: 1),
    ]

    /// How the model is trained on ``RelatedPairs``.
    static let relatedPairs = plan(epochs: 2, learningRate: 1e-4)

    /// The file of a part, `train` or `dev`.
    func file(_ part: String, in data: String) -> String { "\(data)/\(name)/\(part).tsv" }

    /// The score of a model's folder on the dev file, by the sparse kernels.
    func score(of folder: String, data: String, _ pool: ThreadPool) throws -> Double {
        let dev = file("dev", in: data)
        switch task.head {
        case .embeddings:
            let model = try EncoderModel(folder: folder)
            return STSTask(pairs: try Datasets.scoredPairs(path: dev), tokenizer: model.sentences)
                .score(model.encoder, pool: pool)
        case .classes:
            let model = try ClassifierModel(folder: folder)
            return try model.task(ofFile: dev, metric: metric).score(model.classifier, pool: pool)
        }
    }

    private static func plan(
        epochs: Int, learningRate: Double, batchSize: Int = 32, dropout: Double = 0,
        distillation: Distillation = Distillation()
    ) -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = epochs
        plan.learningRate = learningRate
        plan.batchSize = batchSize
        plan.dropout = dropout
        plan.distillation = distillation
        return plan
    }
}
