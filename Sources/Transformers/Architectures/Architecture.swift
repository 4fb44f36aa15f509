import Levels
import ModelFiles

/// What is known of a family of models: how its files name modules, what its configuration says, and which of
/// the two networks computes it.
///
///     let architecture = Architectures.standard.named("bert")
///     architecture?.modules.layer(.query, ofBlock: 3)   // encoder.layer.3.attention.self.query
///
/// Each stands in a file of its own. Inference, training, pruning and exports read it and know no family
/// themselves; see the README of this target for how to add one.
public struct Architecture: Sendable {
    /// The network that computes a family, and what only that network needs to know.
    public enum Network: Sendable {
        /// ``Encoder``
        case encoder(EncoderDescription)
        /// ``Decoder``
        case decoder(DecoderDescription)
    }

    /// `model_type` in `config.json`, such as `bert`.
    public let modelType: String
    /// The modules and their names.
    public let modules: ModuleTree
    /// The network.
    public let network: Network

    /// Describes a family.
    ///
    /// The modules must be those that the network has: an encoder's blocks have queries, keys, values, the
    /// output of attention and two feed-forward layers, and learned positions; a decoder has an output layer.
    public init(modelType: String, modules: ModuleTree, network: Network) {
        switch network {
        case .encoder:
            precondition(
                modules.roles == Self.encoderRoles && modules.positions != nil && modules.embeddingNorm != nil
                    && modules.norm == .layer, "\(modelType): modules that the encoder does not compute")
        case .decoder(let description):
            precondition(
                Self.decoderRoles.contains(modules.roles) && modules.finalNorm != nil && modules.output != nil
                    && modules.roles.contains(.feedForwardGate) == (description.activation == .gatedSiLU),
                "\(modelType): modules that the decoder does not compute")
        }
        self.modelType = modelType
        self.modules = modules
        self.network = network
    }

    private static let encoderRoles: [LayerRole] = [
        .query, .key, .value, .attentionOutput, .feedForwardUp, .feedForwardDown,
    ]
    private static let decoderRoles: [[LayerRole]] = [[.query, .key, .value], [.queryKeyValue]].flatMap {
        attention in
        [[.feedForwardGate, .feedForwardUp], [.feedForwardUp]].map {
            attention + [.attentionOutput] + $0 + [.feedForwardDown]
        }
    }

    /// The description of an encoder; nil for a decoder.
    public var encoder: EncoderDescription? {
        if case .encoder(let description) = network { return description }
        return nil
    }

    /// The description of a decoder; nil for an encoder.
    public var decoder: DecoderDescription? {
        if case .decoder(let description) = network { return description }
        return nil
    }
}

/// What sizes in files may be: far beyond any real model, so that a forged file cannot make a loader allocate
/// without bound.
public enum SizeRange {
    /// Width of the hidden states.
    public static let hidden = 1...131_072
    /// Attention heads.
    public static let heads = 1...4_096
    /// Transformer blocks.
    public static let blocks = 1...4_096
    /// Width of feed-forward layers.
    public static let intermediate = 1...1_048_576
    /// Rows of the token embedding.
    public static let vocabulary = 1...8_388_608
    /// Tokens of a text.
    public static let tokens = 1...8_388_608
    /// Rows of the token type embedding.
    public static let tokenTypes = 1...1_024
    /// What normalization adds.
    public static let epsilon = Double.leastNormalMagnitude...1
    /// The base of rotary positions.
    public static let rotaryBase = 1...1e12
}
