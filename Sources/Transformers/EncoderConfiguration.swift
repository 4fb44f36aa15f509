import ModelFiles

/// What the `config.json` of an encoder's folder says, by its architecture.
public struct EncoderConfiguration: Sendable {
    /// The architecture.
    public let architecture: Architecture
    /// What only encoders have of it.
    public let description: EncoderDescription
    /// The file.
    public let json: ModelConfiguration
    /// Sizes, before heads and neurons of single blocks were removed.
    public let dimensions: EncoderDimensions
    /// The heads that are gone, by block, numbered as in the unpruned model.
    public let prunedHeads: [Int: Set<Int>]

    /// Reads a folder's configuration.
    /// - Throws: `Issue` for a missing or malformed file, or an architecture that is not known.
    public init(folder: String, architectures: Architectures = .standard) throws {
        json = try ModelConfiguration(folder: folder)
        (architecture, description) = try architectures.encoder(json)
        dimensions = try description.dimensions(json)
        guard dimensions.hidden % dimensions.heads == 0 else {
            let fields = description.sizeFields
            throw json.wrong(
                fields.heads, "a divisor of \(fields.hidden), which is \(dimensions.hidden)", .mismatch)
        }
        try json.requireFalse("is_encoder_decoder", "add_cross_attention", "is_decoder")
        try json.requireNoOthers(idle: IdleFields.ofEncoders)
        prunedHeads = try json.prunedHeads(blocks: dimensions.blocks, heads: dimensions.heads)
    }

    public var modules: ModuleTree { architecture.modules }
}
