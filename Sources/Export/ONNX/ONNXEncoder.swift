import Foundation
import Levels
import ModelFiles
import Tensors
import Transformers

/// An encoder as an ONNX graph: `input_ids`, `attention_mask` and, where the model has token types,
/// `token_type_ids` [batch × sequence] in, `last_hidden_state` [batch × sequence × hidden] and
/// `sentence_embedding` [batch × features] out.
///
/// The second output is what `secateur embed` prints, by the modules of the folder; a prompt is part of its
/// input. Inputs and the first output go by the names that transformers gives them.
struct ONNXEncoder {
    private var graph: ONNXGraph
    private let checkpoint: EncoderCheckpoint
    private let modules: ModuleTree
    private let sentences: SentenceModules
    /// What scales of inputs follow from where they are fixed; nil where each token has its own.
    private let ranges: ActivationRanges?
    /// Activations rounded by fixed scales, by their names before.
    private var fixed: [String: String] = [:]
    /// Activations in whole numbers, by their names as floats.
    private var rounded: [String: ONNXRounded] = [:]

    /// The graph of a model folder.
    ///
    /// - Parameter ranges: of the inputs of layers in int8, whose scales are then fixed.
    static func graph(
        _ checkpoint: EncoderCheckpoint, folder: String, ranges: ActivationRanges? = nil
    ) throws -> ONNXGraph {
        var encoder = ONNXEncoder(
            checkpoint: checkpoint,
            sentences: try sentences(folder: folder, hidden: checkpoint.dimensions.hidden), ranges: ranges)
        try encoder.build()
        return encoder.graph
    }

    private init(checkpoint: EncoderCheckpoint, sentences: SentenceModules, ranges: ActivationRanges?) {
        self.checkpoint = checkpoint
        self.sentences = sentences
        self.ranges = ranges
        modules = checkpoint.modules
        graph = ONNXGraph(name: checkpoint.configuration.architecture.modelType)
    }

    private var hidden: Int { checkpoint.dimensions.hidden }

    private mutating func build() throws {
        for name in ["input_ids", "attention_mask"] + (modules.tokenTypes == nil ? [] : ["token_type_ids"]) {
            graph.declareInput(name, .int64, ["batch", "sequence"])
        }
        let mask = graph.apply("Cast", ["attention_mask"], named: "mask", ["to": .type(.float)])
        let bias = attentionBias(mask)
        var states = try embed()
        for (number, block) in checkpoint.blocks.enumerated() {
            let layers = checkpoint.layers(ofBlock: number)
            states = try attend(states, bias, layers, number, heads: block.heads)
            states = try feedForward(states, layers, number)
        }
        graph.apply("Identity", [states], named: "last_hidden_state")
        ONNXSentences(states: states, mask: mask).add(sentences, to: &graph, named: "sentence_embedding")
        graph.declareOutput("last_hidden_state", ["batch", "sequence", .fixed(hidden)])
        graph.declareOutput("sentence_embedding", ["batch", .fixed(sentences.width(hidden: hidden))])
    }

    /// What is added to attention scores [batch × 1 × 1 × sequence]: 0, or next to minus infinity where a
    /// sequence has ended.
    private mutating func attentionBias(_ mask: String) -> String {
        let one = graph.constant("one", 1)
        let ended = graph.apply("Sub", [one, mask], named: "ended")
        let least = graph.constant("least", -.greatestFiniteMagnitude)
        let scaled = graph.apply("Mul", [ended, least], named: "ended.scaled")
        let axes = graph.constant("mask.axes", [1, 2])
        return graph.apply("Unsqueeze", [scaled, axes], named: "attention.bias")
    }

    // MARK: Embeddings

    private mutating func embed() throws -> String {
        guard let positions = modules.positions, let norm = modules.embeddingNorm else {
            preconditionFailure("Architecture holds encoders to positions and a norm of embeddings")
        }
        let sizes = checkpoint.dimensions
        var sum = try looked(modules.words, "input_ids", rows: sizes.vocabulary, named: "embeddings.word")
        if let types = modules.tokenTypes {
            let typed = try looked(
                types, "token_type_ids", rows: sizes.tokenTypes, named: "embeddings.token_type")
            sum = graph.apply("Add", [sum, typed], named: "embeddings.typed")
        }
        let table = try parameter("\(positions.name).weight", [sizes.positionRows, hidden])
        let length = graph.apply(
            "Shape", ["input_ids"], named: "sequence.length", ["start": .integer(1), "end": .integer(2)])
        let axis = graph.constant("position.axis", [0])
        let before = graph.constant("positions.before", [Int64(sizes.positionsBefore)])
        let end = graph.apply("Add", [length, before], named: "positions.end")
        let place = graph.apply("Slice", [table, before, end, axis], named: "embeddings.position")
        return try normalize(
            graph.apply("Add", [sum, place], named: "embeddings.sum"), norm.name)
    }

    private mutating func looked(_ module: ModuleName, _ ids: String, rows: Int, named name: String) throws
        -> String
    {
        let weights = try parameter("\(module.name).weight", [rows, hidden])
        return graph.apply("Gather", [weights, ids], named: name, ["axis": .integer(0)])
    }

    // MARK: A block

    private mutating func attend(
        _ states: String, _ bias: String, _ layers: [LayerShape], _ number: Int, heads: Int
    ) throws -> String {
        let size = checkpoint.dimensions.headSize
        let name = "\(modules.block(number)).attention"
        let split = graph.constant("\(name).split", [0, 0, Int64(heads), Int64(size)])
        let projected = try [LayerRole.query, .key, .value].map { try linear(states, layers, $0) }
        let query = headsFirst(projected[0], split, order: [0, 2, 1, 3])
        let key = headsFirst(projected[1], split, order: [0, 2, 3, 1])
        let value = headsFirst(projected[2], split, order: [0, 2, 1, 3])
        let products = graph.apply("MatMul", [query, key], named: "\(name).products")
        let scale = graph.constant("\(name).scale", 1 / Float(size).squareRoot())
        let scaled = graph.apply("Mul", [products, scale], named: "\(name).scaled")
        let masked = graph.apply("Add", [scaled, bias], named: "\(name).masked")
        let shares = graph.apply("Softmax", [masked], named: "\(name).shares", ["axis": .integer(-1)])
        let context = graph.apply("MatMul", [shares, value], named: "\(name).context")
        let ordered = graph.apply(
            "Transpose", [context], named: "\(name).ordered", ["perm": .integers([0, 2, 1, 3])])
        let shape = graph.constant("\(name).join", [0, 0, Int64(heads * size)])
        let joined = graph.apply("Reshape", [ordered, shape], named: "\(name).joined")
        let output = try linear(joined, layers, .attentionOutput)
        let sum = graph.apply("Add", [output, states], named: "\(name).sum")
        return try normalize(sum, modules.module(modules.attentionNorm, ofBlock: number))
    }

    /// [batch × sequence × hidden] cut into heads, the axes in another order.
    private mutating func headsFirst(_ projected: String, _ split: String, order: [Int]) -> String {
        let parts = graph.apply("Reshape", [projected, split], named: "\(projected).parts")
        return graph.apply("Transpose", [parts], named: "\(projected).heads", ["perm": .integers(order)])
    }

    private mutating func feedForward(_ states: String, _ layers: [LayerShape], _ number: Int) throws
        -> String
    {
        let activated = activate(try linear(states, layers, .feedForwardUp))
        let output = try linear(activated, layers, .feedForwardDown)
        let sum = graph.apply("Add", [output, states], named: "\(modules.block(number)).sum")
        return try normalize(sum, modules.module(modules.feedForwardNorm, ofBlock: number))
    }

    private mutating func activate(_ value: String) -> String {
        switch checkpoint.dimensions.activation {
        case .gelu: gelu(value)
        case .tanhGELU: tanhGELU(value)
        case .relu: graph.apply("Relu", [value], named: "\(value).relu")
        }
    }

    /// x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks and Gimpel, 2016).
    private mutating func tanhGELU(_ value: String) -> String {
        let square = graph.apply("Mul", [value, value], named: "\(value).square")
        let cubic = graph.constant("\(value).cubic", 0.044715)
        let part = graph.apply("Mul", [square, cubic], named: "\(value).square.part")
        let factor = graph.apply("Add", [part, "one"], named: "\(value).factor")
        let stretched = graph.apply("Mul", [value, factor], named: "\(value).stretched")
        let root = graph.constant("\(value).root", 0.797_884_56)
        let argument = graph.apply("Mul", [stretched, root], named: "\(value).argument")
        let tangent = graph.apply("Tanh", [argument], named: "\(value).tanh")
        let sum = graph.apply("Add", [tangent, "one"], named: "\(value).plus.one")
        let half = graph.constant("\(value).half", 0.5)
        let halved = graph.apply("Mul", [value, half], named: "\(value).halved")
        return graph.apply("Mul", [halved, sum], named: "\(value).gelu")
    }

    /// x/2·(1 + erf(x/√2)) (Hendrycks and Gimpel, 2016).
    private mutating func gelu(_ value: String) -> String {
        let root = graph.constant("\(value).root", Float(2).squareRoot())
        let scaled = graph.apply("Div", [value, root], named: "\(value).over.root")
        let error = graph.apply("Erf", [scaled], named: "\(value).erf")
        let sum = graph.apply("Add", [error, "one"], named: "\(value).plus.one")
        let half = graph.constant("\(value).half", 0.5)
        let halved = graph.apply("Mul", [value, half], named: "\(value).halved")
        return graph.apply("Mul", [halved, sum], named: "\(value).gelu")
    }

    // MARK: Parameters

    private mutating func parameter(_ name: String, _ shape: [Int]) throws -> String {
        graph.constant(name, shape, try checkpoint.tensor(name, shape))
    }

    /// x·Wᵀ + b.
    private mutating func linear(_ input: String, _ layers: [LayerShape], _ role: LayerRole) throws -> String
    {
        guard let layer = layers.first(where: { $0.role == role }) else {
            preconditionFailure("a block without \(role.label)")
        }
        let product = try product(input, layer)
        let bias = graph.constant("\(layer.name).bias", [layer.rows], try checkpoint.bias(layer))
        return graph.apply("Add", [product, bias], named: layer.name)
    }

    /// x·Wᵀ, in whole numbers where the weight is; it is stored as the [cols × rows] that products take.
    private mutating func product(_ input: String, _ layer: LayerShape) throws -> String {
        let (name, shape) = ("\(layer.name).weight", [layer.cols, layer.rows])
        guard let integers = try checkpoint.integers(layer) else {
            let elements = try checkpoint.tensor(name, [layer.rows, layer.cols])
            let weight = Matrix(rows: layer.rows, columns: layer.cols, elements: elements).transposed
            let transposed = graph.constant(name, shape, weight.elements)
            return graph.apply("MatMul", [input, transposed], named: "\(layer.name).product")
        }
        let transposed = (0..<layer.cols).flatMap { column in
            (0..<layer.rows).map { integers.values[$0 * layer.cols + column] }
        }
        // Queries, keys and values are computed of the same states.
        if let ranges {
            let activations = fixed[input] ?? graph.rounded(input, by: ranges.rounding(of: layer.name))
            fixed[input] = activations
            return graph.product(
                activations, name, shape: shape, transposed, scales: integers.scales,
                named: "\(layer.name).product")
        }
        let activations = rounded[input] ?? graph.rounded(input)
        rounded[input] = activations
        return graph.product(
            activations, name, shape: shape, transposed, scales: integers.scales,
            named: "\(layer.name).product")
    }

    private mutating func normalize(_ input: String, _ name: String) throws -> String {
        let scale = try parameter("\(name).weight", [hidden])
        let shift = try parameter("\(name).bias", [hidden])
        return graph.apply(
            "LayerNormalization", [input, scale, shift], named: name,
            ["axis": .integer(-1), "epsilon": .float(Float(checkpoint.dimensions.epsilon))])
    }
}
