import Levels
import ModelFiles
import Pruning
import Tensors
import Transformers

/// What is pruned, and how it is chosen.
public struct PruningChoice: Sendable, Equatable {
    /// What is kept or dropped together.
    public var pattern: Pattern
    /// What is dropped first.
    public var score: PruningScore
    /// Among what the lowest scores are looked for.
    public var scope: PruningScope
    /// Fixes what is random.
    public var seed: UInt64

    /// Puts a choice together, with the scope that is usual where none is given.
    public init(
        pattern: Pattern, score: PruningScore, scope: PruningScope? = nil, seed: UInt64 = 1
    ) {
        self.pattern = pattern
        self.score = score
        self.seed = seed
        self.scope = scope ?? pattern.usualScope(of: score)
    }
}

extension EncoderTraining {
    /// Prunes the model to a sparsity: drops weights and holds them at zero, or removes heads, neurons or
    /// blocks.
    ///
    /// - Parameters:
    ///   - sparsity: the fraction of the weights, heads, neurons or blocks that is gone then, of those that
    ///     the model had when it was read.
    ///   - examples: what scores are computed from.
    /// - Throws: `Issue` for a choice that makes no sense or lacks what it needs.
    public func prune(
        _ choice: PruningChoice, to sparsity: Double, examples: [TrainingExample], pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) throws {
        try choice.pattern.require(choice.score, choice.scope)
        let sparsity = choice.pattern.fixedSparsity ?? sparsity
        let layers = try evidence(for: choice.score, examples: examples, pool: pool, progress: progress)
        if choice.pattern.isStructured {
            try remove(choice, sparsity, layers)
            try rebuildGraph()
        } else if choice.score == .obs {
            try solve(choice, sparsity, layers, pool: pool)
        } else {
            try mask(choice, sparsity, layers)
        }
    }

    private func importance(_ choice: PruningChoice, _ layers: [LayerEvidence]) throws -> [Matrix] {
        var random = CounterBasedRandom(seed: choice.seed, stream: .weightScores)
        return try zip(graph.prunable, layers).map { parameter, layer in
            try layer.importance(choice.score, layer: parameter.name, random: &random)
                .keepingDropped(parameter.mask)
        }
    }

    private func mask(_ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence]) throws {
        let masks = try MaskSelection.masks(
            try importance(choice, layers), pattern: choice.pattern, sparsity: sparsity,
            scope: choice.scope)
        for (parameter, mask) in zip(graph.prunable, masks) { parameter.hold(mask) }
    }

    /// Optimal brain surgery layer by layer; with scope global, at the sparsities that the scores of all
    /// layers together give.
    private func solve(
        _ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence], pool: ThreadPool
    ) throws {
        let sparsities = try sparsities(choice, sparsity, layers)
        let parameters = graph.prunable
        let results = pool.map(count: layers.count) { index in
            Result {
                try PrunableLayer(
                    name: "layer \(index)", weight: layers[index].weight,
                    covariance: layers[index].covariance, score: .obs
                ).pruned(choice.pattern, sparsity: sparsities[index])
            }
        }
        for (parameter, result) in zip(parameters, results) {
            parameter.value = try result.get()
            parameter.holdZeros()
        }
    }

    private func sparsities(_ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence]) throws
        -> [Double]
    {
        guard choice.scope == .global else { return layers.map { _ in sparsity } }
        let masks = try MaskSelection.masks(
            try importance(choice, layers), pattern: choice.pattern, sparsity: sparsity,
            scope: .global)
        return masks.map { min(1 - Double($0.reduce(0, +)) / Double($0.count), 0.999) }
    }

    private func remove(_ choice: PruningChoice, _ sparsity: Double, _ layers: [LayerEvidence]) throws {
        let shapes = graph.layerShapes
        let blocks = (0..<graph.blockCount).map { block in
            let own = shapes.indices.filter { shapes[$0].block == block }
            return BlockEvidence(
                layers: Dictionary(uniqueKeysWithValues: own.map { (shapes[$0].role, layers[$0]) }),
                headSize: graph.headSize)
        }
        let kept = try RemovalSelection.kept(
            blocks, of: unitsRead(choice.pattern), pattern: choice.pattern, score: choice.score,
            sparsity: sparsity, scope: choice.scope, seed: choice.seed)
        switch choice.pattern {
        case .block: try keepBlocks(kept.indices.filter { !kept[$0].isEmpty })
        case .heads:
            for (block, heads) in kept.enumerated() {
                let features = heads.flatMap { $0 * graph.headSize..<($0 + 1) * graph.headSize }
                try keep(
                    features, rowsOf: [.query, .key, .value], columnsOf: .attentionOutput, block: block,
                    refit: choice.score == .obs, blocks[block])
            }
        default:
            for (block, neurons) in kept.enumerated() {
                try keep(
                    neurons, rowsOf: [.feedForwardUp], columnsOf: .feedForwardDown, block: block,
                    refit: choice.score == .obs, blocks[block])
            }
        }
    }

    /// Leaves only some features between layers of a block; with `refit`, the layer that reads them makes up
    /// for those that are gone, as optimal brain surgery does.
    private func keep(
        _ features: [Int], rowsOf producers: [LayerRole], columnsOf consumer: LayerRole, block: Int,
        refit: Bool, _ evidence: BlockEvidence
    ) throws {
        let modules = configuration.modules
        for role in producers {
            let name = modules.layer(role, ofBlock: block)
            parameters.add(
                try parameters.parameter("\(name).weight").cut { $0.keepingRows(features) })
            if modules[role].hasBias {
                parameters.add(
                    try parameters.parameter("\(name).bias").cut { $0.keepingColumns(features) })
            }
        }
        let name = "\(modules.layer(consumer, ofBlock: block)).weight"
        let parameter = try parameters.parameter(name)
        var weight = parameter.value
        if refit, let covariance = evidence[consumer].covariance {
            weight = try ColumnRemoval.refitted(
                weight, keeping: features, covariance: covariance, layer: name)
        }
        parameters.add(parameter.cut(value: weight) { $0.keepingColumns(features) })
    }

    private func unitsRead(_ pattern: Pattern) -> [Int] {
        switch pattern {
        case .heads: unitsRead.heads
        case .neurons: unitsRead.neurons
        default: Array(repeating: 1, count: unitsRead.blocks)
        }
    }

    /// Leaves only some blocks, numbered again.
    private func keepBlocks(_ kept: [Int]) throws {
        unitsRead.heads = kept.map { unitsRead.heads[$0] }
        unitsRead.neurons = kept.map { unitsRead.neurons[$0] }
        let modules = configuration.modules
        let all = "\(modules.block.name)."
        let old = parameters.all.filter { $0.name.hasPrefix(all) }
        parameters.remove { $0.hasPrefix(all) }
        for (new, block) in kept.enumerated() {
            let prefix = "\(modules.block(block))."
            for parameter in old where parameter.name.hasPrefix(prefix) {
                let rest = parameter.name.dropFirst(prefix.count)
                parameters.add(parameter.cut(named: "\(modules.block(new)).\(rest)"))
            }
        }
    }
}

extension Matrix {
    /// The same importance, with −1 for what has been dropped, so that it is dropped again.
    func keepingDropped(_ mask: [Float]?) -> Matrix {
        guard let mask else { return self }
        return Matrix(
            rows: rows, columns: columns, elements: zip(elements, mask).map { $1 == 0 ? -1 : $0 })
    }
}
