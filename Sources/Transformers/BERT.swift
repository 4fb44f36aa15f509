import CKernels
import Levels
import ModelFiles
import Tensors

/// A BERT encoder (Devlin et al., 2018) as sentence-transformers uses it: post-norm transformer blocks
/// with exact GELU, and the modules that make an embedding of a sequence's hidden states.
///
///     let model = try BERT(folder: "models/minilm")
///     let embeddings = model.embed(sequences, pool: pool)  // [sequences × hiddenSize]
///
/// Nested types are named as the modules of the checkpoint. A value type: ``replacing(_:)`` gives a
/// model with other linear operators that shares everything else.
public struct BERT: Sendable {
    /// One transformer block; heads and neurons may have been removed from it.
    public struct Layer: Sendable {
        /// Attention heads.
        public let heads: Int
        var query: any LinearOperator
        var key: any LinearOperator
        var value: any LinearOperator
        var attentionOutput: any LinearOperator
        let attentionNorm: LayerNorm
        var intermediate: any LinearOperator
        var output: any LinearOperator
        let outputNorm: LayerNorm
    }

    /// Sizes of the model.
    public struct Dimensions: Sendable, Equatable {
        /// Width of the hidden states.
        public let hidden: Int
        /// Width between the two feed-forward layers of the widest block.
        public let intermediate: Int
        /// Attention heads of a block that none was removed from.
        public let heads: Int
        /// The longest sequence, in tokens.
        public let maximumTokens: Int

        /// Features of one attention head.
        public var headSize: Int { hidden / heads }
    }

    /// Sizes of the model.
    public let dimensions: Dimensions
    /// Every prunable layer, in the order of computation.
    public let layerShapes: [LayerShape]
    /// Number of parameters of the whole model, embeddings included.
    public let parameterCount: Int
    /// The dense or pruned weights as they are in the checkpoint, by layer name.
    public let weights: [String: Matrix]
    /// The biases, by layer name.
    public let biases: [String: [Float]]
    /// The transformer blocks.
    public internal(set) var layers: [Layer]
    /// What makes embeddings of hidden states; ``SentenceModules/standard`` unless set.
    public var sentences = SentenceModules.standard
    let embeddings: BERTEmbeddings
    let instructionSet: InstructionSet

    /// Makes an operator of a layer's weight and bias.
    public typealias Packing =
        (_ layer: LayerShape, _ weight: Matrix, _ bias: [Float]) throws -> any LinearOperator

    /// Reads `config.json` and `model.safetensors` of a folder.
    ///
    /// Blocks may differ: the tensors' shapes say how many heads and neurons each has left. Where the
    /// configuration has `pruned_heads`, as transformers writes it, they must agree with it.
    ///
    /// - Parameters:
    ///   - instructionSet: what everything but the linear layers is computed with.
    ///   - pack: packs each linear layer; dense unless said otherwise.
    /// - Throws: `ModelFileError` for a missing or malformed file, another architecture, or a tensor of
    ///   another shape than the configuration and the rest of its block allow.
    public init(
        folder: String, instructionSet: InstructionSet = .best,
        pack: Packing = { _, weight, bias in DenseLinear(weight: weight, bias: bias) }
    ) throws {
        let checkpoint = try BERTCheckpoint(folder: folder)
        self.instructionSet = instructionSet
        dimensions = checkpoint.dimensions
        parameterCount = checkpoint.parameterCount
        embeddings = try BERTEmbeddings(checkpoint)
        var weights: [String: Matrix] = [:]
        var biases: [String: [Float]] = [:]
        var shapes: [LayerShape] = []
        var layers: [Layer] = []
        func linear(
            _ name: String, _ role: LayerRole, rows: Int, cols: Int
        ) throws -> any LinearOperator {
            let shape = LayerShape(name: name, rows: rows, cols: cols, block: layers.count, role: role)
            let weight = Matrix(
                rows: rows, columns: cols, elements: try checkpoint.tensor("\(name).weight", [rows, cols]))
            let bias = try checkpoint.tensor("\(name).bias", [rows])
            weights[name] = weight
            biases[name] = bias
            shapes.append(shape)
            return try pack(shape, weight, bias)
        }
        let hidden = dimensions.hidden
        for (index, block) in checkpoint.blocks.enumerated() {
            let prefix = "encoder.layer.\(index)"
            let attention = block.heads * dimensions.headSize
            layers.append(
                Layer(
                    heads: block.heads,
                    query: try linear("\(prefix).attention.self.query", .query, rows: attention, cols: hidden),
                    key: try linear("\(prefix).attention.self.key", .key, rows: attention, cols: hidden),
                    value: try linear("\(prefix).attention.self.value", .value, rows: attention, cols: hidden),
                    attentionOutput: try linear(
                        "\(prefix).attention.output.dense", .attentionOutput, rows: hidden, cols: attention),
                    attentionNorm: try checkpoint.norm("\(prefix).attention.output.LayerNorm"),
                    intermediate: try linear(
                        "\(prefix).intermediate.dense", .feedForwardUp, rows: block.intermediate, cols: hidden),
                    output: try linear("\(prefix).output.dense", .feedForwardDown, rows: hidden, cols: block.intermediate),
                    outputNorm: try checkpoint.norm("\(prefix).output.LayerNorm")))
        }
        self.weights = weights
        self.biases = biases
        self.layers = layers
        layerShapes = shapes
    }

    /// The same model with other operators for some layers.
    public func replacing(_ operators: [String: any LinearOperator]) -> BERT {
        var model = self
        for index in model.layers.indices {
            let prefix = "encoder.layer.\(index)"
            func replace(_ name: String, _ path: WritableKeyPath<Layer, any LinearOperator>) {
                guard let replacement = operators["\(prefix).\(name)"] else { return }
                let present = model.layers[index][keyPath: path]
                precondition(replacement.rows == present.rows && replacement.columns == present.columns)
                model.layers[index][keyPath: path] = replacement
            }
            replace("attention.self.query", \.query)
            replace("attention.self.key", \.key)
            replace("attention.self.value", \.value)
            replace("attention.output.dense", \.attentionOutput)
            replace("intermediate.dense", \.intermediate)
            replace("output.dense", \.output)
        }
        return model
    }

    /// The linear operators by layer name.
    public var operators: [String: any LinearOperator] {
        var result: [String: any LinearOperator] = [:]
        for (index, layer) in layers.enumerated() {
            let prefix = "encoder.layer.\(index)"
            result["\(prefix).attention.self.query"] = layer.query
            result["\(prefix).attention.self.key"] = layer.key
            result["\(prefix).attention.self.value"] = layer.value
            result["\(prefix).attention.output.dense"] = layer.attentionOutput
            result["\(prefix).intermediate.dense"] = layer.intermediate
            result["\(prefix).output.dense"] = layer.output
        }
        return result
    }
}

extension BERT: PrunableModel {
    /// A layer's weight [rows × cols].
    /// - Throws: `ModelFileError` for a name that is no layer's.
    public func weight(of layer: String) throws -> Matrix {
        guard let weight = weights[layer] else {
            throw ModelFileError(file: "model", tensor: layer, message: "is no layer")
        }
        return weight
    }

    /// A layer's bias.
    public func bias(of layer: String) -> [Float] {
        biases[layer] ?? []
    }

    /// The model itself: an encoder is small enough to be measured whole.
    public var forProfiling: BERT { self }

    /// Memory for passes of a workload.
    public func memory(for workload: Workload, threads: Int) -> BERTWorkspace {
        BERTWorkspace(
            dimensions, tokens: workload.tokens * workload.batch, threads: threads, longest: workload.tokens)
    }

    /// Runs one pass of a workload on made-up tokens.
    public func pass(_ workload: Workload, _ memory: BERTWorkspace, pool: ThreadPool, times: LayerTimes?) {
        let sequence = [Int32](repeating: 0, count: workload.tokens)
        let batch = TokenBatch([[Int32]](repeating: sequence, count: workload.batch))
        forward(batch, workspace: memory, pool: pool, times: times)
    }

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
            let workspace = BERTWorkspace(
                dimensions, tokens: batch.tokens, threads: pool.threads,
                longest: sequences[chunk].map(\.count).max() ?? 0)
            forward(batch, workspace: workspace, pool: pool, observer: observer)
        }
    }
}
