import Levels
import Pruning
import Tensors
import Transformers

extension EncoderTraining {
    /// What scores are computed from, for every linear layer in the order of computation.
    ///
    /// - Parameters:
    ///   - examples: labelled ones where the score needs gradients; else only their sentences matter.
    /// - Throws: `Issue` when the score needs examples and there are none, or a whole training run.
    func evidence(
        for score: PruningScore, examples: [TrainingExample], pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) throws -> [LayerEvidence] {
        var layers = graph.prunable.map { LayerEvidence(weight: $0.value) }
        switch score.evidence {
        case .nothing: break
        case .training:
            throw Issue(
                .mismatch, .option("score"), found: "movement with a schedule that prunes at once",
                allowed: "with gradual")
        case .inputs:
            try require(examples, for: score)
            observeInputs(of: examples, into: &layers, pool: pool, progress: progress)
        case .gradients:
            try require(examples, for: score)
            try addGradients(of: examples, to: &layers, pool: pool, progress: progress)
        }
        return layers
    }

    private func require(_ examples: [TrainingExample], for score: PruningScore) throws {
        guard !examples.isEmpty else {
            throw Issue(
                .missing, .option("train"), found: "no examples",
                allowed: "a file, which \(score.rawValue) needs")
        }
    }

    private func observeInputs(
        of examples: [TrainingExample], into layers: inout [LayerEvidence], pool: ThreadPool,
        progress: (Double) -> Void
    ) {
        let index = Dictionary(
            uniqueKeysWithValues: graph.prunable.enumerated().map {
                (String($1.name.dropLast(".weight".count)), $0)
            })
        for batch in Self.batches(examples) {
            progress(Double(batch.lowerBound) / Double(examples.count))
            let tape = graph.forward(TokenBatch(examples[batch]), pool: pool)
            graph.observeInputs(tape) { names, input in
                var covariance =
                    index[names[0]].flatMap { layers[$0].covariance }
                    ?? InputCovariance(columns: input.columns)
                covariance.add(rows: input, pool: pool)
                for name in names {
                    if let layer = index[name] { layers[layer].covariance = covariance }
                }
            }
        }
    }

    private func addGradients(
        of examples: [TrainingExample], to layers: inout [LayerEvidence], pool: ThreadPool,
        progress: (Double) -> Void
    ) throws {
        let trainer = try trainer(pool: pool)
        for batch in Self.batches(examples) {
            progress(Double(batch.lowerBound) / Double(examples.count))
            trainer.clearGradients()
            _ = trainer.accumulate(Array(examples[batch]))
            for (index, parameter) in graph.prunable.enumerated() {
                layers[index].add(gradient: parameter.gradient)
            }
        }
    }

    private static func batches(_ examples: [TrainingExample]) -> [Range<Int>] {
        stride(from: 0, to: examples.count, by: 16).map { $0..<min($0 + 16, examples.count) }
    }
}
