/// What a layer does in its block.
public enum LayerRole: String, Sendable, Hashable, Codable, CaseIterable {
    /// Makes the queries of attention.
    case query
    /// Makes the keys.
    case key
    /// Makes the values.
    case value
    /// Makes queries, keys and values in one product.
    case queryKeyValue
    /// Takes the heads' contexts to the hidden states.
    case attentionOutput
    /// Makes the gate of a gated feed-forward network.
    case feedForwardGate
    /// Takes hidden states to the neurons.
    case feedForwardUp
    /// Takes the neurons to the hidden states.
    case feedForwardDown

    /// One of the two parts of a transformer block, each with a residual connection around it.
    public enum Sublayer: String, Sendable, Hashable, Codable {
        case attention
        case feedForward
    }

    /// The part of the block that it is in.
    public var sublayer: Sublayer {
        switch self {
        case .query, .key, .value, .queryKeyValue, .attentionOutput: .attention
        case .feedForwardGate, .feedForwardUp, .feedForwardDown: .feedForward
        }
    }

    /// Whether its outputs are what the sublayer adds to the hidden states.
    public var endsSublayer: Bool { self == .attentionOutput || self == .feedForwardDown }

    /// `attention.query`, `feed-forward.up`: what people read.
    public var label: String {
        switch self {
        case .query: "attention.query"
        case .key: "attention.key"
        case .value: "attention.value"
        case .queryKeyValue: "attention.qkv"
        case .attentionOutput: "attention.output"
        case .feedForwardGate: "feed-forward.gate"
        case .feedForwardUp: "feed-forward.up"
        case .feedForwardDown: "feed-forward.down"
        }
    }
}

/// One prunable layer: its name and shape, and its place in the model.
public struct LayerShape: Sendable, Hashable, Codable {
    /// Its name in the checkpoint, without `.weight`: `encoder.layer.0.attention.self.query`.
    public let name: String
    /// Output features.
    public let rows: Int
    /// Input features.
    public let cols: Int
    /// The number of its transformer block, from 0.
    public let block: Int
    /// What it does there.
    public let role: LayerRole
    /// Features of one unit that its sublayer can do without: those of a head, or one of a neuron.
    public let unit: Int

    /// Names a layer.
    public init(name: String, rows: Int, cols: Int, block: Int, role: LayerRole, unit: Int = 1) {
        self.name = name
        self.rows = rows
        self.cols = cols
        self.block = block
        self.role = role
        self.unit = unit
    }

    /// Number of weights.
    public var weightCount: Int { rows * cols }

    /// Features between the first layers of the sublayer and its last: of all heads, or neurons.
    public var innerFeatures: Int { role.endsSublayer ? cols : rows }

    /// How many of those are left at a width: whole heads, or neurons by the number that kernels compute together; one
    /// head or such number at least.
    public func innerFeatures(atWidth width: Double) -> Int {
        let step = max(unit, min(Self.neuronStep, innerFeatures))
        let steps = (width * Double(innerFeatures) / Double(step)).rounded()
        return width >= 1 ? innerFeatures : min(max(Int(steps), 1) * step, innerFeatures)
    }

    /// What is left of the layer at a width of its sublayer.
    public func narrowed(to width: Double) -> LayerShape {
        let inner = innerFeatures(atWidth: width)
        return LayerShape(
            name: name, rows: role.endsSublayer ? rows : inner, cols: role.endsSublayer ? inner : cols,
            block: block, role: role, unit: unit)
    }

    /// Rows that kernels compute together at most.
    private static let neuronStep = 16
}

extension Collection<LayerShape> {
    /// The places of layers by their sublayers, in the order in which they first come.
    public var sublayers: [[Int]] {
        var places: [[Int]] = []
        var known: [Place: Int] = [:]
        for (place, layer) in enumerated() {
            let own = Place(block: layer.block, sublayer: layer.role.sublayer)
            if let index = known[own] {
                places[index].append(place)
            } else {
                known[own] = places.count
                places.append([place])
            }
        }
        return places
    }
}

/// Which sublayer of a model.
private struct Place: Hashable {
    let block: Int
    let sublayer: LayerRole.Sublayer
}
