import Levels
import Pruning

/// What is known of every layer and level before anything is evaluated; all tables are [layer][level].
public struct LevelCosts: Sendable, Equatable, Codable {
    /// Layer names, in the order of computation.
    public let layers: [String]
    /// The levels to choose from.
    public let levels: LevelSet
    /// Measured time of a layer at a level, in milliseconds.
    public let latencyMs: [[Double]]
    /// Time of everything that no level changes, in milliseconds.
    public let overheadMs: Double
    /// Bytes of a layer at a level.
    public let sizeBytes: [[Int]]
    /// Bytes of everything that no level changes.
    public let otherSizeBytes: Int
    /// Estimated loss of quality when this layer alone is at this level; 0 for dense, and for all levels
    /// where none was estimated.
    public let sensitivity: [[Double]]
    /// Relative error of the layer's outputs at this level; 0 for dense.
    public let outputError: [[Double]]
    /// Which layers have one structure together, as places in ``layers``: those of a sublayer, side by side. Each
    /// layer by itself where no level is of another structure.
    public let groups: [[Int]]
    /// What each layer is like, for searchers that go by its shape, weights and inputs.
    public let facts: [LayerFacts]
    /// What of the budget was spent, and on what scale.
    public let accounting: Accounting

    /// The unit of a budget, and what was spent before the search began.
    public struct Accounting: Sendable, Equatable, Codable {
        /// Tokens that one evaluation of a policy runs the model on.
        public let tokensPerEvaluation: Int
        /// Token-passes that calibration took.
        public let calibrationTokens: Int
        /// Token-passes that the sensitivities took.
        public let sensitivityTokens: Int

        /// Sets the numbers; an evaluation is one token by default.
        public init(
            tokensPerEvaluation: Int = 1, calibrationTokens: Int = 0, sensitivityTokens: Int = 0
        ) {
            self.tokensPerEvaluation = tokensPerEvaluation
            self.calibrationTokens = calibrationTokens
            self.sensitivityTokens = sensitivityTokens
        }

        /// Whether the numbers are such as counting gives; their sum is then in range too.
        var isPlausible: Bool {
            (1...1 << 40).contains(tokensPerEvaluation)
                && [calibrationTokens, sensitivityTokens].allSatisfy((0...1 << 50).contains)
        }

        /// Token-passes spent before the first policy.
        public var preparationTokens: Int { calibrationTokens + sensitivityTokens }
    }

    /// Takes the tables, which must be [layers × levels].
    public init(
        layers: [String], levels: LevelSet, latencyMs: [[Double]], overheadMs: Double, sizeBytes: [[Int]],
        otherSizeBytes: Int, sensitivity: [[Double]], outputError: [[Double]], groups: [[Int]]? = nil,
        facts: [LayerFacts]? = nil, accounting: Accounting = Accounting()
    ) {
        precondition(latencyMs.count == layers.count && sizeBytes.count == layers.count)
        precondition(sensitivity.count == layers.count && outputError.count == layers.count)
        precondition((latencyMs.map(\.count) + sizeBytes.map(\.count)).allSatisfy { $0 == levels.count })
        precondition((sensitivity + outputError).allSatisfy { $0.count == levels.count })
        self.layers = layers
        self.levels = levels
        self.latencyMs = latencyMs
        self.overheadMs = overheadMs
        self.sizeBytes = sizeBytes
        self.otherSizeBytes = otherSizeBytes
        self.sensitivity = sensitivity
        self.outputError = outputError
        self.groups = groups ?? layers.indices.map { [$0] }
        precondition(Self.isPartition(self.groups, of: layers.count))
        self.facts = facts ?? layers.map { _ in LayerFacts.unknown }
        self.accounting = accounting
        precondition(self.facts.count == layers.count)
    }

    /// Reads what `encode(to:)` wrote.
    ///
    /// Files of versions before `outputError` have one table for both: agents that asked for no sensitivities
    /// found output errors under their name. It is taken as both, so that such a run continues as it began.
    /// - Throws: `DecodingError` for tables that are not [layers × levels], or hold what no measurement
    ///   gives.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        layers = try values.decode([String].self, forKey: .layers)
        levels = try values.decode(LevelSet.self, forKey: .levels)
        latencyMs = try values.decode([[Double]].self, forKey: .latencyMs)
        overheadMs = try values.decode(Double.self, forKey: .overheadMs)
        sizeBytes = try values.decode([[Int]].self, forKey: .sizeBytes)
        otherSizeBytes = try values.decode(Int.self, forKey: .otherSizeBytes)
        sensitivity = try values.decode([[Double]].self, forKey: .sensitivity)
        outputError = try values.decodeIfPresent([[Double]].self, forKey: .outputError) ?? sensitivity
        groups =
            try values.decodeIfPresent([[Int]].self, forKey: .groups) ?? layers.indices.map { [$0] }
        facts = try values.decode([LayerFacts].self, forKey: .facts)
        accounting = try values.decode(Accounting.self, forKey: .accounting)
        let (layerCount, levelCount) = (layers.count, levels.count)
        func isTable<Value>(_ table: [[Value]]) -> Bool {
            table.count == layerCount && table.allSatisfy { $0.count == levelCount }
        }
        // A millisecond-table entry beyond an hour, or a layer beyond a terabyte, is no measurement.
        let sizes = sizeBytes.joined() + [otherSizeBytes]
        guard isTable(latencyMs), isTable(sizeBytes), isTable(sensitivity), isTable(outputError),
            facts.count == layerCount, Self.isPartition(groups, of: layerCount),
            accounting.isPlausible,
            sizes.allSatisfy((0...1 << 40).contains),
            (latencyMs.joined() + [overheadMs]).allSatisfy({ abs($0) < 4e6 }), denseLatencyMs > 0
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: [],
                    debugDescription:
                        "found tables that are not those of \(layerCount) layers and \(levelCount) levels"
                ))
        }
    }

    private static func isPartition(_ groups: [[Int]], of count: Int) -> Bool {
        !groups.contains(where: \.isEmpty) && Array(groups.joined()) == Array(0..<count)
    }

    /// Predicted end-to-end latency of a policy (a level index for every layer), in milliseconds.
    public func latencyMs(of actions: [Int]) -> Double {
        zip(latencyMs, actions).reduce(overheadMs) { $0 + $1.0[$1.1] }
    }

    /// Size of a policy, in bytes.
    public func sizeBytes(of actions: [Int]) -> Int {
        zip(sizeBytes, actions).reduce(otherSizeBytes) { $0 + $1.0[$1.1] }
    }

    /// Whether a policy meets a target; a sum in another order may differ in its last bits.
    public func meet(_ target: Target, with actions: [Int]) -> Bool {
        latencyMs(of: actions) <= target.latencyMs * (1 + 1e-9)
            && (target.sizeBytes.map { sizeBytes(of: actions) <= $0 } ?? true)
    }

    /// Whether sensitivities were estimated.
    public var hasSensitivities: Bool { sensitivity.joined().contains { $0 != 0 } }

    /// What levels lose, as far as it is known: sensitivities, or output errors where none were estimated.
    public var expectedLoss: [[Double]] { hasSensitivities ? sensitivity : outputError }

    /// The policy that leaves every layer as it is.
    public var densePolicy: [Int] { levels.densePolicy(layers: layers.count) }

    /// The same tables for as many other levels.
    public func with(_ levels: LevelSet) -> LevelCosts {
        LevelCosts(
            layers: layers, levels: levels, latencyMs: latencyMs, overheadMs: overheadMs,
            sizeBytes: sizeBytes, otherSizeBytes: otherSizeBytes, sensitivity: sensitivity,
            outputError: outputError, groups: groups, facts: facts, accounting: accounting)
    }

    /// Size of the dense model, in bytes.
    public var denseSizeBytes: Int { sizeBytes(of: densePolicy) }

    /// Measured time of each layer as it is, in milliseconds.
    public var denseLayerLatencyMs: [Double] { latencyMs.map { $0[levels.dense] } }

    /// A target as it was asked for, the size as a fraction of dense.
    public func target(_ latency: LatencyTarget, sizeFraction: Double? = nil) -> Target {
        Target(
            latency, denseLatencyMs: denseLatencyMs,
            sizeBytes: sizeFraction.map { Int($0 * Double(denseSizeBytes)) })
    }

    /// A target in milliseconds and bytes.
    public func target(latencyMs: Double, sizeBytes: Int? = nil) -> Target {
        Target(latencyMs: latencyMs, denseLatencyMs: denseLatencyMs, sizeBytes: sizeBytes)
    }

    /// Predicted latency of the dense model, in milliseconds.
    public var denseLatencyMs: Double {
        latencyMs(of: densePolicy)
    }

    /// The levels by the width of the sublayer, the whole one first and what removes it last: in a group all layers
    /// are at levels of one of these sets.
    public var structures: [[Int]] {
        levels.widths.map { width in levels.indices.filter { levels[$0].width == width } }
    }

    /// The least latency of a policy that removes nothing, in milliseconds.
    public var leastWholeLatencyMs: Double {
        let kept = structures[0]
        return latencyMs.reduce(overheadMs) { sum, row in sum + (kept.map { row[$0] }.min() ?? 0) }
    }

    /// The least sum of a table over all policies.
    private func least<Value: Numeric & Comparable>(_ table: [[Value]]) -> Value {
        let structures = structures
        return groups.reduce(0) { sum, group in
            let sums = structures.map { levels in
                group.reduce(Value.zero) { sum, layer in
                    sum + (levels.map { table[layer][$0] }.min() ?? 0)
                }
            }
            return sum + (sums.min() ?? 0)
        }
    }

    /// The least latency that any policy has, in milliseconds.
    public var leastLatencyMs: Double {
        overheadMs + least(latencyMs)
    }

    /// The least size that any policy has, in bytes.
    public var leastSizeBytes: Int {
        otherSizeBytes + least(sizeBytes)
    }
}
