/// What training had that scored best so far.
struct BestWeights {
    /// The weights by parameter, as the trainer has them; empty before anything was judged.
    private(set) var values: [[Float]] = []

    init(_ values: [[Float]] = []) {
        self.values = values
    }

    /// Takes the weights that a trainer has now where they score better than what there was.
    mutating func judge(
        _ trainer: Trainer, score: Double, step: Int, _ progress: inout TrainingCheckpoint.Progress
    ) {
        guard score > progress.bestScore ?? -.infinity else { return }
        (progress.bestScore, progress.bestStep) = (score, step)
        values = trainer.trained.map(\.value.elements)
    }

    /// Gives them to a trainer; nothing happens where nothing was judged.
    func restore(to trainer: Trainer) {
        for (parameter, values) in zip(trainer.trained, values) { parameter.value.elements = values }
    }
}
