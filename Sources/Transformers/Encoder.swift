import CKernels
import Levels
import ModelFiles
import Tensors

/// An encoder of post-norm transformer blocks with exact GELU, as BERT's (Devlin et al., 2018), and the
/// modules that make an embedding of a sequence's hidden states.
///
///     let model = try Encoder(folder: "models/minilm")
///     let embeddings = model.embed(sequences, pool: pool)  // [sequences × hiddenSize]
///
/// Its ``architecture`` says how checkpoints name the modules. A value type: ``replacing(_:)`` gives a model
/// with other linear operators that shares everything else.
public struct Encoder: Sendable {
    /// One transformer block; heads and neurons may have been removed from it.
    public struct Block: Sendable {
        var query: NamedLinear
        var key: NamedLinear
        var value: NamedLinear
        var attentionOutput: NamedLinear
        let attentionNorm: LayerNorm
        var up: NamedLinear
        var down: NamedLinear
        let feedForwardNorm: LayerNorm
        /// What the times of other operations go by.
        let name: String

        /// All linear layers, in the order of computation.
        var linears: [NamedLinear] { [query, key, value, attentionOutput, up, down] }
    }

    /// The family.
    public let architecture: Architecture
    /// Sizes of the model.
    public let dimensions: EncoderDimensions
    /// Every prunable layer, in the order of computation.
    public let layerShapes: [LayerShape]
    /// Number of parameters of the whole model, embeddings included.
    public let parameterCount: Int
    /// The dense or pruned weights as they are in the checkpoint, by layer name.
    public let weights: [String: Matrix]
    /// The biases, by layer name.
    public let biases: [String: [Float]]
    /// The transformer blocks.
    public internal(set) var blocks: [Block]
    /// What makes embeddings of hidden states; ``SentenceModules/standard`` unless set.
    public var sentences = SentenceModules.standard
    private(set) var embeddings: EncoderEmbeddings
    let instructionSet: InstructionSet

    /// Makes an operator of a layer's weight, which was pruned to a level where the file says so, and its bias.
    public typealias Packing =
        (_ stored: Level?, _ weight: Matrix, _ bias: [Float]) throws -> any LinearOperator

    /// Reads `config.json` and `model.safetensors` of a folder.
    ///
    /// Blocks may differ: the tensors' shapes say how many heads and neurons each has left. Where the
    /// configuration has `pruned_heads`, as transformers writes it, they must agree with it.
    ///
    /// - Parameters:
    ///   - architectures: those that the folder may be of.
    ///   - instructionSet: what everything but the linear layers is computed with.
    ///   - pack: packs each linear layer; dense unless said otherwise.
    /// - Throws: `Issue` for a missing or malformed file, another architecture, or a tensor of
    ///   another shape than the configuration and the rest of its block allow.
    public init(
        folder: String, architectures: Architectures = .standard, instructionSet: InstructionSet = .best,
        pack: Packing = { _, weight, bias in DenseLinear(weight: weight, bias: bias) }
    ) throws {
        let checkpoint = try EncoderCheckpoint(folder: folder, architectures: architectures)
        let modules = checkpoint.modules
        self.instructionSet = instructionSet
        architecture = checkpoint.configuration.architecture
        dimensions = checkpoint.dimensions
        parameterCount = checkpoint.parameterCount
        embeddings = try EncoderEmbeddings(checkpoint)
        var weights: [String: Matrix] = [:]
        var biases: [String: [Float]] = [:]
        var shapes: [LayerShape] = []
        var blocks: [Block] = []
        for number in checkpoint.blocks.indices {
            let linears = try checkpoint.layers(ofBlock: number).map { shape in
                let weight = Matrix(
                    rows: shape.rows, columns: shape.cols,
                    elements: try checkpoint.tensor("\(shape.name).weight", [shape.rows, shape.cols]))
                let bias = try checkpoint.bias(shape)
                weights[shape.name] = weight
                biases[shape.name] = bias
                shapes.append(shape)
                return NamedLinear(
                    name: shape.name, operation: try pack(checkpoint.level(of: shape), weight, bias))
            }
            // In the order that Architecture holds encoders to.
            blocks.append(
                Block(
                    query: linears[0], key: linears[1], value: linears[2],
                    attentionOutput: linears[3],
                    attentionNorm: try checkpoint.norm(
                        modules.module(modules.attentionNorm, ofBlock: number)),
                    up: linears[4], down: linears[5],
                    feedForwardNorm: try checkpoint.norm(
                        modules.module(modules.feedForwardNorm, ofBlock: number)),
                    name: modules.block(number)))
        }
        self.weights = weights
        self.biases = biases
        self.blocks = blocks
        layerShapes = shapes
    }

    /// The same model with other operators for some layers.
    public func replacing(_ operators: [String: any LinearOperator]) -> Encoder {
        var model = self
        for index in blocks.indices {
            for path in Self.linears {
                model.blocks[index][keyPath: path] = blocks[index][keyPath: path].replaced(by: operators)
            }
        }
        return model
    }

    private static var linears: [WritableKeyPath<Block, NamedLinear>] {
        [\.query, \.key, \.value, \.attentionOutput, \.up, \.down]
    }

    /// The same model with word embeddings in 8 bits, a scale for each word.
    public func roundingWords() -> Encoder {
        var model = self
        model.embeddings = embeddings.roundingWords()
        return model
    }

    /// Word embeddings in 8 bits [vocabulary × hidden]; nil where they are floats.
    public var integerWords: IntegerRows? { embeddings.integerWords }

    /// The linear operators by layer name.
    public var operators: [String: any LinearOperator] {
        Dictionary(uniqueKeysWithValues: blocks.flatMap(\.linears).map { ($0.name, $0.operation) })
    }
}

extension Encoder: PrunableModel {
    /// Whole sequences.
    public static var usualPhase: Workload.Phase { .prefill }
    /// Yes.
    public static var supportsStructure: Bool { true }

    /// Four bytes for each parameter outside of prunable layers, less where word embeddings are in 8 bits.
    public var otherSizeBytes: Int {
        (parameterCount - prunableParameterCount) * MemoryLayout<Float>.size - embeddings.savedBytes
    }

    /// A layer's weight [rows × cols].
    /// - Throws: `Issue` for a name that is no layer's.
    public func weight(of layer: String) throws -> Matrix {
        guard let weight = weights[layer] else {
            throw Issue(.mismatch, .other("model"), field: .tensor(layer), advice: "is no layer")
        }
        return weight
    }

    /// A layer's bias.
    public func bias(of layer: String) -> [Float] {
        biases[layer] ?? []
    }

    /// The model itself: an encoder is small enough to be measured whole.
    public var forProfiling: Encoder { self }

    /// Runs over sequences, several at a time, and shows the input of every linear layer.
    public func observeInputs(
        of sequences: [[Int32]], pool: ThreadPool, progress: (Double) -> Void,
        observer: @escaping InputObserver
    ) {
        observeInputs(of: sequences, firsts: nil, pool: pool, progress: progress, observer: observer)
    }

    /// The same for pairs of sentences.
    ///
    /// - Parameter firsts: how many tokens of each sequence are of its first sentence; all when nil.
    public func observeInputs(
        of sequences: [[Int32]], firsts: [Int]?, pool: ThreadPool, progress: (Double) -> Void,
        observer: @escaping InputObserver
    ) {
        let chunks = TokenBatch.chunks(of: sequences, tokens: 512)
        for (index, chunk) in chunks.enumerated() {
            progress(Double(index) / Double(chunks.count))
            let batch = TokenBatch(sequences, firsts: firsts, chunk: chunk)
            let workspace = EncoderWorkspace(
                dimensions, tokens: batch.tokens, threads: pool.threads,
                longest: sequences[chunk].map(\.count).max() ?? 0)
            forward(batch, workspace: workspace, pool: pool, observer: observer)
        }
    }
}
