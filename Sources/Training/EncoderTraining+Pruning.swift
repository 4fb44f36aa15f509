import ModelFiles
import Pruning
import Tensors

/// What is pruned, and how it is chosen.
public struct PruningChoice: Sendable, Equatable {
    /// What is kept or dropped together.
    public var granularity: Granularity
    /// What is dropped first.
    public var score: PruningScore
    /// Among what the lowest scores are looked for.
    public var scope: PruningScope
    /// Fixes what is random.
    public var seed: UInt64

    /// Puts a choice together, with the scope that is usual where none is given: rows for N:M and Wanda (and OBS,
    /// which carries errors along rows), the whole model for blocks, else each layer.
    public init(
        granularity: Granularity, score: PruningScore, scope: PruningScope? = nil, seed: UInt64 = 1
    ) {
        self.granularity = granularity
        self.score = score
        self.seed = seed
        self.scope = scope ?? Self.usualScope(granularity, score)
    }

    private static func usualScope(_ granularity: Granularity, _ score: PruningScore) -> PruningScope {
        switch granularity {
        case .kept: .row
        case .blocks: .global
        case .heads, .neurons: .layer
        case .units: score == .wanda ? .row : .layer
        }
    }
}

extension EncoderTraining {
    /// Prunes the model to a sparsity: drops weights and holds them at zero, or removes heads, neurons or blocks.
    ///
    /// - Parameters:
    ///   - sparsity: the fraction of the weights, heads, neurons or blocks that goes, of those of the dense model
    ///     for weights and of those that are there now for what is removed.
    ///   - examples: what scores are computed from.
    /// - Throws: `PruningError` for a choice that makes no sense or lacks what it needs.
    public func prune(
        _ choice: PruningChoice, to sparsity: Double, examples: [TrainingExample], pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) throws {
        let sparsity = choice.granularity.fixedSparsity ?? sparsity
        let layers = try evidence(for: choice.score, examples: examples, pool: pool, progress: progress)
        if choice.granularity.isStructured {
            try remove(choice, sparsity, layers)
            try rebuildGraph()
        } else if choice.score == .obs {
            try solve(choice, sparsity, layers, pool: pool)
        } else {
            try mask(choice, sparsity, layers)
        }
    }

    private func importance(_ choice: PruningChoice, _ layers: [LayerEvidence]) throws -> [Matrix] {
        var random = CounterBasedRandom(seed: choice.seed, stream: 13)
        return try zip(graph.prunable, layers).map { parameter, layer in
            try layer.importance(choice.score, layer: parameter.name, random: &random)
        }
    }

    private func mask(_ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence]) throws {
        let masks = try MaskSelection.masks(
            try importance(choice, layers), granularity: choice.granularity, sparsity: sparsity,
            scope: choice.scope)
        for (parameter, mask) in zip(graph.prunable, masks) { parameter.hold(mask) }
    }

    /// Optimal brain surgery layer by layer; with scope global, at the sparsities that the scores of all layers
    /// together give.
    private func solve(
        _ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence], pool: ThreadPool
    ) throws {
        try requireScope(choice)
        let sparsities = try sparsities(choice, sparsity, layers)
        let parameters = graph.prunable
        let results = pool.map(count: layers.count) { index in
            Result {
                try PrunableLayer(
                    name: "layer \(index)", weight: layers[index].weight,
                    covariance: layers[index].covariance,
                    solver: .obs
                ).pruned(choice.granularity, sparsity: sparsities[index])
            }
        }
        for (parameter, result) in zip(parameters, results) {
            parameter.value = try result.get()
            parameter.holdZeros()
        }
    }

    /// What optimal brain surgery chooses among: the rows of a layer together, group of columns by group of
    /// columns; of N:M, each row.
    private func requireScope(_ choice: PruningChoice) throws {
        let isRuns = choice.granularity.fixedSparsity != nil
        guard isRuns == (choice.scope == .row) else {
            throw PruningError(
                "scope",
                "found \(choice.scope.rawValue) for obs and \(choice.granularity), allowed "
                    + (isRuns ? "row" : "layer, global"))
        }
    }

    private func sparsities(_ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence]) throws
        -> [Double]
    {
        guard choice.scope == .global else { return layers.map { _ in sparsity } }
        let masks = try MaskSelection.masks(
            try importance(choice, layers), granularity: choice.granularity, sparsity: sparsity,
            scope: .global)
        return masks.map { min(1 - Double($0.reduce(0, +)) / Double($0.count), 0.999) }
    }

    private func remove(_ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence]) throws {
        let blocks = (0..<graph.blockCount).map { block in
            let own = Array(layers[6 * block..<6 * block + 6])
            return BlockEvidence(
                attentionInputs: Array(own[0..<3]), attentionOutput: own[3], intermediate: own[4],
                output: own[5], headSize: graph.headSize)
        }
        let kept = try RemovalSelection.kept(
            blocks, granularity: choice.granularity, score: choice.score, sparsity: sparsity,
            scope: choice.scope, seed: choice.seed)
        switch choice.granularity {
        case .blocks: try keepBlocks(kept.indices.filter { !kept[$0].isEmpty })
        case .heads:
            for (block, heads) in kept.enumerated() {
                let features = heads.flatMap { $0 * graph.headSize..<($0 + 1) * graph.headSize }
                try keep(
                    features, rowsOf: ["query", "key", "value"].map { "attention.self.\($0)" },
                    columnsOf: "attention.output.dense", block: block, refit: choice.score == .obs,
                    blocks[block].attentionOutput)
            }
        default:
            for (block, neurons) in kept.enumerated() {
                try keep(
                    neurons, rowsOf: ["intermediate.dense"], columnsOf: "output.dense", block: block,
                    refit: choice.score == .obs, blocks[block].output)
            }
        }
    }

    /// Leaves only some features between layers of a block; with `refit`, the layer that reads them makes up for
    /// those that are gone, as optimal brain surgery does.
    private func keep(
        _ features: [Int], rowsOf producers: [String], columnsOf consumer: String, block: Int, refit: Bool,
        _ evidence: LayerEvidence
    ) throws {
        let prefix = BERTBlock.prefix(block)
        for name in producers {
            for suffix in ["weight", "bias"] {
                let parameter = try parameters.parameter("\(prefix).\(name).\(suffix)")
                let matrix =
                    parameter.shape.count == 2
                    ? parameter.value.keepingRows(features) : parameter.value.keepingColumns(features)
                parameters.add(
                    Parameter(
                        name: parameter.name,
                        shape: parameter.shape.count == 2
                            ? [features.count, matrix.columns] : [features.count],
                        elements: matrix.elements))
            }
        }
        let name = "\(prefix).\(consumer).weight"
        var weight = try parameters.parameter(name).value
        if refit, let covariance = evidence.covariance {
            weight = try ColumnRemoval.refitted(
                weight, keeping: features, covariance: covariance, layer: name)
        }
        let narrow = weight.keepingColumns(features)
        parameters.add(
            Parameter(name: name, shape: [narrow.rows, narrow.columns], elements: narrow.elements))
    }

    /// Leaves only some blocks, numbered anew.
    private func keepBlocks(_ kept: [Int]) throws {
        let old = parameters.all.filter { $0.name.hasPrefix("encoder.layer.") }
        parameters.remove { $0.hasPrefix("encoder.layer.") }
        for (new, block) in kept.enumerated() {
            let prefix = "\(BERTBlock.prefix(block))."
            for parameter in old where parameter.name.hasPrefix(prefix) {
                let rest = parameter.name.dropFirst(prefix.count)
                parameters.add(
                    Parameter(
                        name: "\(BERTBlock.prefix(new)).\(rest)", shape: parameter.shape,
                        elements: parameter.value.elements))
            }
        }
    }
}
