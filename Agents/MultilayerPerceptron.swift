import Tensors

/// A small dense network: h₀ = x, h_k = f(h_{k−1}·W_k + b_k), and no f after the last layer.
///
///     var network = MultilayerPerceptron(sizes: [7, 64, 64, 1], activation: .tanh, using: &random)
///     let pass = network.forward(states)                              // states [batch × 7]
///     let (gradient, _) = network.backward(pass, outputGradient: dOut)  // dOut [batch × 1]
///     optimizer.step(&network, gradient)
///
/// A pass over a batch costs 2 · batch · Σ |W_k| operations, its gradient twice as many.
struct MultilayerPerceptron: Sendable, Equatable {
    /// f, between layers.
    enum Activation: String, Sendable, Codable {
        case tanh
        case relu
    }

    /// One array for each W_k [inputs × outputs], row-major, and each b_k [outputs], in turn.
    typealias Gradient = [[Float]]

    /// Widths, the input's first.
    let sizes: [Int]
    /// f.
    let activation: Activation
    /// W₁, b₁, W₂, b₂, …
    var parameters: [[Float]]

    /// What each layer gave for a batch; the input first, [batch × size].
    struct Pass {
        let values: [Matrix]
        /// What the network answers.
        var output: Matrix { values[values.count - 1] }
    }

    /// A network whose weights and biases are uniform in ±1/√inputs, those of the last layer times
    /// `outputScale`.
    init(
        sizes: [Int], activation: Activation, outputScale: Double = 1,
        using random: inout CounterBasedRandom
    ) {
        precondition(sizes.count >= 2 && sizes.allSatisfy { $0 > 0 })
        self.sizes = sizes
        self.activation = activation
        parameters = []
        for (layer, (inputs, outputs)) in zip(sizes, sizes.dropFirst()).enumerated() {
            let bound = (layer + 2 == sizes.count ? outputScale : 1) / Double(inputs).squareRoot()
            for count in [inputs * outputs, outputs] {
                parameters.append((0..<count).map { _ in Float(bound * (2 * random.nextUniform() - 1)) })
            }
        }
    }

    // MARK: Forward and backward

    /// The network's answers to a batch [batch × inputs].
    func forward(_ input: Matrix) -> Pass {
        var values = [input]
        for layer in 0..<sizes.count - 1 {
            let bias = parameters[2 * layer + 1]
            var biases: [Float] = []
            biases.reserveCapacity(input.rows * bias.count)
            for _ in 0..<input.rows { biases += bias }
            var next = Matrix(rows: input.rows, columns: bias.count, elements: biases)
            OrderedProduct.add(values[layer], weight(layer), to: &next)
            if layer + 2 < sizes.count { activate(&next.elements) }
            values.append(next)
        }
        return Pass(values: values)
    }

    /// The answer to a single input.
    func callAsFunction(_ input: [Float]) -> [Float] {
        forward(Matrix(rows: 1, columns: input.count, elements: input)).output.elements
    }

    /// Gradients of a loss by all parameters and by the input, given that by the output [batch × outputs].
    func backward(_ pass: Pass, outputGradient: Matrix) -> (parameters: Gradient, input: Matrix) {
        var gradient = Gradient(repeating: [], count: parameters.count)
        var upper = outputGradient
        for layer in (0..<sizes.count - 1).reversed() {
            let below = pass.values[layer]
            var weightGradient = Matrix(rows: sizes[layer], columns: sizes[layer + 1])
            OrderedProduct.add(below, transposeA: true, upper, to: &weightGradient)
            gradient[2 * layer] = weightGradient.elements
            var sums = [Float](repeating: 0, count: sizes[layer + 1])
            upper.addColumnSums(to: &sums)
            gradient[2 * layer + 1] = sums
            var lower = Matrix(rows: upper.rows, columns: sizes[layer])
            OrderedProduct.add(upper, weight(layer), transposeB: true, to: &lower)
            if layer > 0 { multiplyByDerivative(&lower.elements, at: below.elements) }
            upper = lower
        }
        return (gradient, upper)
    }

    private func weight(_ layer: Int) -> Matrix {
        Matrix(rows: sizes[layer], columns: sizes[layer + 1], elements: parameters[2 * layer])
    }

    private func activate(_ values: inout [Float]) {
        switch activation {
        case .tanh: for index in values.indices { values[index] = PortableMath.tanh(values[index]) }
        case .relu: for index in values.indices { values[index] = max(0, values[index]) }
        }
    }

    /// f′ by what f gave: 1 − h² for tanh, [h > 0] for ReLU.
    private func multiplyByDerivative(_ gradient: inout [Float], at values: [Float]) {
        switch activation {
        case .tanh: for index in values.indices { gradient[index] *= 1 - values[index] * values[index] }
        case .relu: for index in values.indices where values[index] <= 0 { gradient[index] = 0 }
        }
    }

    /// Moves every parameter by the fraction `rate` of the way to those of another network (soft update).
    mutating func approach(_ other: MultilayerPerceptron, rate: Float) {
        for (array, goal) in other.parameters.enumerated() {
            // Taken out while it changes, so that it is neither copied nor looked up for each number.
            var values = parameters[array]
            parameters[array] = []
            for index in values.indices { values[index] += rate * (goal[index] - values[index]) }
            parameters[array] = values
        }
    }

    // MARK: State

    /// Refuses a network of other widths.
    func require(sizes: [Int]) throws {
        try requireState(self.sizes == sizes, "sizes: found \(self.sizes), allowed \(sizes)")
    }
}

extension MultilayerPerceptron: Codable {
    private enum Key: CodingKey { case sizes, activation, parameters }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        sizes = try values.decode([Int].self, forKey: .sizes)
        activation = try values.decode(Activation.self, forKey: .activation)
        parameters = try values.decode([PackedFloats].self, forKey: .parameters).map(\.values)
        let counts =
            sizes.count >= 2 && sizes.allSatisfy((1...1 << 16).contains)
            ? zip(sizes, sizes.dropFirst()).flatMap { [$0 * $1, $1] } : []
        guard !counts.isEmpty, parameters.map(\.count) == counts else {
            throw DecodingError.dataCorruptedError(
                forKey: .parameters, in: values,
                debugDescription: "found parameters of other sizes than \(sizes)")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(sizes, forKey: .sizes)
        try values.encode(activation, forKey: .activation)
        try values.encode(parameters.map(PackedFloats.init), forKey: .parameters)
    }
}

/// Adam (Kingma and Ba, ICLR 2015, algorithm 1): m̂ / (√v̂ + ε) times the learning rate, for one network.
struct Adam: Sendable, Equatable {
    let learningRate: Double
    private var first: [[Float]]
    private var second: [[Float]]
    private var steps = 0

    /// β₁, β₂ and ε, as the paper has them.
    private static let (decay1, decay2, epsilon): (Float, Float, Float) = (0.9, 0.999, 1e-8)

    init(learningRate: Double, for network: MultilayerPerceptron) {
        self.learningRate = learningRate
        first = network.parameters.map { $0.map { _ in 0 } }
        second = first
    }

    /// Moves the network's parameters against the gradient.
    mutating func step(_ network: inout MultilayerPerceptron, _ gradient: MultilayerPerceptron.Gradient) {
        steps += 1
        let (decay1, decay2) = (Self.decay1, Self.decay2)
        let correction1 = 1 - PortableMath.pow(Double(decay1), Double(steps))
        let correction2 = Float(1 - PortableMath.pow(Double(decay2), Double(steps)))
        let rate = Float(learningRate / correction1)
        for (array, slopes) in gradient.enumerated() {
            // Taken out while they change, so that they are neither copied nor looked up for each number.
            var (m, v, values) = (first[array], second[array], network.parameters[array])
            (first[array], second[array], network.parameters[array]) = ([], [], [])
            for index in slopes.indices {
                let slope = slopes[index]
                m[index] = decay1 * m[index] + (1 - decay1) * slope
                v[index] = decay2 * v[index] + (1 - decay2) * slope * slope
                values[index] -= rate * m[index] / ((v[index] / correction2).squareRoot() + Self.epsilon)
            }
            (first[array], second[array], network.parameters[array]) = (m, v, values)
        }
    }

    /// Refuses moments of another network.
    func require(fit network: MultilayerPerceptron) throws {
        let counts = network.parameters.map(\.count)
        try requireState(
            first.map(\.count) == counts && second.map(\.count) == counts,
            "found moments of another network than \(network.sizes)")
    }
}

extension Adam: Codable {
    private enum Key: CodingKey { case learningRate, first, second, steps }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        learningRate = try values.decode(Double.self, forKey: .learningRate)
        first = try values.decode([PackedFloats].self, forKey: .first).map(\.values)
        second = try values.decode([PackedFloats].self, forKey: .second).map(\.values)
        steps = try values.decode(Int.self, forKey: .steps)
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(learningRate, forKey: .learningRate)
        try values.encode(first.map(PackedFloats.init), forKey: .first)
        try values.encode(second.map(PackedFloats.init), forKey: .second)
        try values.encode(steps, forKey: .steps)
    }
}

/// Scales a gradient down to a Euclidean norm of at most `limit`, over all its arrays together (Pascanu et
/// al., ICML 2013); returns the norm that it had.
@discardableResult
func clip(_ gradient: inout MultilayerPerceptron.Gradient, toNorm limit: Double) -> Double {
    var squares = 0.0
    for array in gradient { for slope in array { squares += Double(slope) * Double(slope) } }
    let norm = squares.squareRoot()
    if norm > limit {
        let factor = Float(limit / norm)
        for array in gradient.indices {
            for index in gradient[array].indices { gradient[array][index] *= factor }
        }
    }
    return norm
}
