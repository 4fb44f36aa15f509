import Levels
import ModelFiles

/// An encoder's folder being read: its configuration and its tensors, by names without the prefix that a
/// checkpoint may put before them.
public struct EncoderCheckpoint {
    /// What is left of one block.
    public struct BlockSizes: Sendable {
        /// Attention heads.
        public let heads: Int
        /// Neurons of the feed-forward layer.
        public let intermediate: Int
    }

    /// What the folder's configuration says.
    public let configuration: EncoderConfiguration
    /// Sizes of the model as its tensors are.
    public let dimensions: EncoderDimensions
    /// One entry for each block.
    public let blocks: [BlockSizes]
    /// Number of parameters of the whole model.
    public let parameterCount: Int
    let file: SafetensorsFile
    private let prefix: String
    private let storedLevels: StoredLevels

    /// Opens a folder.
    /// - Throws: `Issue` for a missing or malformed file, or an architecture that is not known.
    public init(folder: String, architectures: Architectures = .standard) throws {
        configuration = try EncoderConfiguration(folder: folder, architectures: architectures)
        file = try SafetensorsFile(folder: folder)
        prefix = configuration.modules.prefix(in: file)
        storedLevels = StoredLevels(metadata: file.metadata)
        parameterCount = file.parameters.reduce(0) { $0 + $1.elementCount }
        blocks = try BlockReader(configuration: configuration, file: file, prefix: prefix).blocks()
        var dimensions = configuration.dimensions
        dimensions.intermediate = blocks.map(\.intermediate).max() ?? 0
        self.dimensions = dimensions
        try requireNothingElse()
    }

    /// Heads that other tasks put on the encoder, and buffers that transformers once stored.
    private static let heads = [
        "pooler.", "cls.", "classifier.", "pre_classifier.", "lm_head.", "qa_outputs.", "vocab_transform.",
        "vocab_layer_norm.", "vocab_projector.", "embeddings.position_ids", "embeddings.token_type_ids",
    ]

    /// Refuses tensors that would change what the encoder computes and are no part of its family here.
    private func requireNothingElse() throws {
        let outer = [modules.words, modules.positions, modules.tokenTypes, modules.embeddingNorm].compactMap(
            \.self)
        let inner = [modules.attentionNorm, modules.feedForwardNorm] + modules.linears.map(\.module)
        let known = Set(
            (outer.map(\.name)
                + blocks.indices.flatMap { number in inner.map { modules.module($0, ofBlock: number) } })
                .flatMap { ["\($0).weight", "\($0).bias"] })
        for info in file.parameters {
            let name = info.name.droppingPrefix(modules.prefix ?? "")
            let isBeyond = modules.block(ofTensor: name).map { $0 >= blocks.count } ?? false
            guard known.contains(name) || isBeyond || Self.heads.contains(where: name.hasPrefix) else {
                throw Issue(
                    .unsupported, .path(file.path), field: .tensor(info.name),
                    found: "a tensor that is not computed with",
                    allowed: "those of \(configuration.architecture.modelType) as it is known here")
            }
        }
    }

    public var modules: ModuleTree { configuration.modules }

    /// The layers of a block, as many rows and columns as are left of them.
    public func layers(ofBlock number: Int) -> [LayerShape] {
        let (hidden, inner) = (dimensions.hidden, blocks[number].intermediate)
        let attended = blocks[number].heads * dimensions.headSize
        return modules.linears.map { linear in
            let (rows, cols) =
                switch linear.role {
                case .attentionOutput: (hidden, attended)
                case .feedForwardUp, .feedForwardGate: (inner, hidden)
                case .feedForwardDown: (hidden, inner)
                case .query, .key, .value, .queryKeyValue: (attended, hidden)
                }
            return LayerShape(
                name: modules.module(linear.module, ofBlock: number), rows: rows, cols: cols, block: number,
                role: linear.role, unit: linear.role.sublayer == .attention ? dimensions.headSize : 1)
        }
    }

    /// A parameter by its name without the prefix.
    /// - Throws: `Issue` when it is missing, of another shape, or holds no numbers.
    public func tensor(_ name: String, _ shape: [Int]) throws -> [Float] {
        try file.weights(prefix + name, shape: shape)
    }

    /// The whole numbers of a layer's weight [rows × cols] and the scales of its rows, where it is stored so; nil
    /// where it is not.
    /// - Throws: `Issue` when it is missing, of another shape, or its scales are.
    public func integers(_ layer: LayerShape) throws -> (values: [Int8], scales: [Float])? {
        try integers("\(layer.name).weight", [layer.rows, layer.cols])
    }

    /// The same for any parameter by its name without the prefix.
    func integers(_ name: String, _ shape: [Int]) throws -> (values: [Int8], scales: [Float])? {
        try file.integers(prefix + name, shape: shape)
    }

    /// What a layer was pruned to, where the file says so and its weights are stored in that precision; nil where it
    /// does not.
    public func level(of layer: LayerShape) -> Level? {
        let info = file.tensors["\(prefix)\(layer.name).weight"]
        let stored: Precision =
            switch info?.packing {
            case .rows, .kept: .int8
            case .nibbles: .int4
            case nil: .float32
            }
        guard let level = storedLevels.levels[layer.name] else {
            return stored == .float32 ? nil : .dense.with(stored)
        }
        // Other formats are of floating point, and need what they wrote.
        let isKept =
            stored.isInteger || level.precision.isInteger
            ? level.precision == stored : level.precision != .bfloat16 || info?.elementType == .bf16
        return isKept ? level : stored == .float32 ? nil : .dense.with(stored)
    }

    /// A layer's bias; zeros where it has none.
    public func bias(_ layer: LayerShape) throws -> [Float] {
        modules[layer.role].hasBias
            ? try tensor("\(layer.name).bias", [layer.rows]) : [Float](repeating: 0, count: layer.rows)
    }

    func norm(_ name: String) throws -> LayerNorm {
        LayerNorm(
            gamma: try tensor("\(name).weight", [dimensions.hidden]),
            beta: try tensor("\(name).bias", [dimensions.hidden]), epsilon: dimensions.epsilon)
    }
}

extension ModuleTree {
    /// What a file puts before the names of the inner model.
    public func prefix(in file: SafetensorsFile) -> String {
        guard let prefix, file.tensors["\(prefix)\(words.name).weight"] != nil else { return "" }
        return prefix
    }
}

/// Finds out from the tensors' shapes how many heads and neurons each block has left.
private struct BlockReader {
    let configuration: EncoderConfiguration
    let file: SafetensorsFile
    let prefix: String

    private var sizes: EncoderDimensions { configuration.dimensions }

    func blocks() throws -> [EncoderCheckpoint.BlockSizes] {
        try (0..<sizes.blocks).map { block in
            EncoderCheckpoint.BlockSizes(heads: try heads(of: block), intermediate: try width(of: block))
        }
    }

    private func heads(of block: Int) throws -> Int {
        let (size, hidden) = (sizes.headSize, sizes.hidden)
        let name = "\(prefix)\(configuration.modules.layer(.query, ofBlock: block)).weight"
        let rows = try rows(
            name, allowed: "a multiple of the head size \(size), from \(size) to \(hidden)"
        ) { $0 % size == 0 && (size...hidden).contains($0) }
        let left = sizes.heads - (configuration.prunedHeads[block]?.count ?? 0)
        guard rows / size == left || !configuration.json.has("pruned_heads") else {
            throw Issue(
                .mismatch, .path(file.path), field: .tensor(name),
                found: "\(rows / size) heads of \(size) rows",
                allowed: "\(left), as pruned_heads of \(configuration.json.path) says")
        }
        return rows / size
    }

    private func width(of block: Int) throws -> Int {
        let most = sizes.intermediate
        return try rows(
            "\(prefix)\(configuration.modules.layer(.feedForwardUp, ofBlock: block)).weight",
            allowed: "from 1 to \(configuration.description.sizeFields.intermediate) \(most)"
        ) { (1...most).contains($0) }
    }

    /// The rows of a matrix [rows × hidden].
    private func rows(_ name: String, allowed: String, _ isAllowed: (Int) -> Bool) throws -> Int {
        let shape = try file.info(name).shape
        guard shape.count == 2, shape[1] == sizes.hidden, isAllowed(shape[0]) else {
            throw Issue(
                .mismatch, .path(file.path), field: .tensor(name), found: "shape \(shape)",
                allowed: "[rows, \(sizes.hidden)] with rows \(allowed)")
        }
        return shape[0]
    }
}
