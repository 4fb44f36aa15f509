import Levels

/// A module by its name in Hugging Face checkpoints and in GGUF files, without `.weight`.
public struct ModuleName: Sendable, Equatable, ExpressibleByStringLiteral {
    /// In Hugging Face checkpoints; in a block without the block's own name.
    public let name: String
    /// In GGUF files, likewise; nil where the family has none.
    public let gguf: String?

    /// Names a module.
    public init(_ name: String, gguf: String? = nil) {
        self.name = name
        self.gguf = gguf
    }

    /// Names a module that GGUF files do not have.
    public init(stringLiteral name: String) {
        self.init(name)
    }
}

/// The modules of an architecture in the order of computation, and how files name them.
public struct ModuleTree: Sendable {
    /// How the rows of a matrix [outputs × inputs] are stored.
    public enum Layout: Sendable {
        /// As they are.
        case plain
        /// [inputs × outputs], as by GPT-2's Conv1D.
        case transposed
        /// The two halves of each head's rows interleaved: for rotary positions that turn neighbours.
        case interleavedHeads
    }

    /// A prunable layer of a block.
    public struct Linear: Sendable {
        /// What it does.
        public let role: LayerRole
        public let module: ModuleName
        /// Whether it has a bias.
        public let hasBias: Bool
        /// How Hugging Face checkpoints store the weight.
        public let layout: Layout
        /// How GGUF files store the weight and the bias.
        public let ggufLayout: Layout

        /// Describes a layer.
        public init(
            _ role: LayerRole, _ module: ModuleName, hasBias: Bool = true, layout: Layout = .plain,
            ggufLayout: Layout = .plain
        ) {
            self.role = role
            self.module = module
            self.hasBias = hasBias
            self.layout = layout
            self.ggufLayout = ggufLayout
        }
    }

    /// Norms over the features of a head.
    public struct HeadNorms: Sendable {
        /// Of queries.
        public let query: ModuleName
        /// Of keys.
        public let key: ModuleName

        /// Names both.
        public init(query: ModuleName, key: ModuleName) {
            (self.query, self.key) = (query, key)
        }
    }

    /// The kind of normalization.
    public enum Norm: Sendable {
        /// ``LayerNorm``, with a bias.
        case layer
        /// ``RMSNorm``, without one.
        case rootMeanSquare
    }

    /// What checkpoints may put before the names of the inner model, such as `bert.`; names here are without
    /// it for encoders, with it for decoders. nil where all checkpoints spell names alike.
    public let prefix: String?
    /// The token embedding.
    public let words: ModuleName
    /// Learned positions; nil for rotary ones.
    public let positions: ModuleName?
    /// Embeddings of the first and the second sentence's tokens.
    public let tokenTypes: ModuleName?
    /// The norm of the sum of embeddings.
    public let embeddingNorm: ModuleName?
    /// What block numbers follow: `encoder.layer`.
    public let block: ModuleName
    /// The norm of attention: before it in decoders, after it in encoders.
    public let attentionNorm: ModuleName
    /// The norm of the feed-forward layers, likewise.
    public let feedForwardNorm: ModuleName
    /// The norms of each head's queries and keys; nil where they are used as they are.
    public let headNorms: HeadNorms?
    /// The layers of a block, in the order of computation.
    public let linears: [Linear]
    /// The norm after the last block.
    public let finalNorm: ModuleName?
    /// The layer that makes logits of the vocabulary.
    public let output: ModuleName?
    /// What the norms compute.
    public let norm: Norm

    /// Describes the modules.
    public init(
        prefix: String? = nil, words: ModuleName, positions: ModuleName? = nil, tokenTypes: ModuleName? = nil,
        embeddingNorm: ModuleName? = nil, block: ModuleName, attentionNorm: ModuleName,
        feedForwardNorm: ModuleName, headNorms: HeadNorms? = nil, linears: [Linear],
        finalNorm: ModuleName? = nil,
        output: ModuleName? = nil, norm: Norm = .layer
    ) {
        self.prefix = prefix
        self.words = words
        self.positions = positions
        self.tokenTypes = tokenTypes
        self.embeddingNorm = embeddingNorm
        self.block = block
        self.attentionNorm = attentionNorm
        self.feedForwardNorm = feedForwardNorm
        self.headNorms = headNorms
        self.linears = linears
        self.finalNorm = finalNorm
        self.output = output
        self.norm = norm
    }

    /// What the layers of a block do, in the order of computation.
    public var roles: [LayerRole] { linears.map(\.role) }

    /// A block: `encoder.layer.3`.
    public func block(_ number: Int) -> String { "\(block.name).\(number)" }

    /// A module of a block: `encoder.layer.3.output.LayerNorm`.
    public func module(_ module: ModuleName, ofBlock number: Int) -> String {
        "\(block(number)).\(module.name)"
    }

    /// A layer of a block: `encoder.layer.3.output.dense`. The architecture must have one of the role.
    public func layer(_ role: LayerRole, ofBlock number: Int) -> String {
        module(self[role].module, ofBlock: number)
    }

    /// The layer of a role, which the architecture must have.
    public subscript(role: LayerRole) -> Linear {
        guard let linear = linears.first(where: { $0.role == role }) else {
            preconditionFailure("a block without \(role.label)")
        }
        return linear
    }

    /// Where a layer stands, by its name with or without the prefix; nil for a name that is no layer's.
    public func place(ofLayer name: String) -> (block: Int, role: LayerRole)? {
        let inner = prefix.flatMap { name.hasPrefix($0) ? String(name.dropFirst($0.count)) : nil }
        for spelling in [name, inner, prefix.map { $0 + name }].compactMap(\.self) {
            guard let (number, module) = inBlock(spelling),
                let linear = linears.first(where: { $0.module.name == module })
            else { continue }
            return (number, linear.role)
        }
        return nil
    }

    /// The number of the block that a tensor of a file is in; nil for one that is in none.
    func block(ofTensor name: String, in format: DecoderFormat = .folder) -> Int? {
        let start = (format == .gguf ? block.gguf ?? block.name : block.name) + "."
        for spelling in [name, prefix.map { name.droppingPrefix($0) }, prefix.map { $0 + name }].compactMap(
            \.self)
        where spelling.hasPrefix(start) {
            return Int(spelling.dropFirst(start.count).prefix { $0 != "." })
        }
        return nil
    }

    /// The number of the block that a module's name is in, and the name there.
    func inBlock(_ name: some StringProtocol) -> (block: Int, module: String)? {
        guard name.hasPrefix("\(block.name).") else { return nil }
        let rest = name.dropFirst(block.name.count + 1)
        guard let dot = rest.firstIndex(of: "."), let number = Int(rest[..<dot]), number >= 0 else {
            return nil
        }
        return (number, String(rest[rest.index(after: dot)...]))
    }
}

extension String {
    /// Without a prefix, where it has it.
    func droppingPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
