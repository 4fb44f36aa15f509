import Tensors

/// The scores of movement pruning, which are trained beside the weights (Sanh, Wolf and Rush, 2020, equations 3 and 4).
///
/// The derivative of the loss by a score is w·∂L/∂w, of weights that are dropped at present too: they keep their value.
struct MovementScores {
    private let parameters: [Parameter]
    private let optimizer: AdamW
    /// By parameter, in its shape; higher is kept longer.
    let scores: [Parameter]
    /// The weights by parameter, with those that are dropped at present.
    private var weights: [[Float]]
    /// What was held at zero before, by parameter.
    private let held: [[Float]?]

    /// Starts with scores of zero.
    init(_ parameters: [Parameter]) {
        self.parameters = parameters
        scores = parameters.map { Parameter.zeros($0.name, shape: $0.shape) }
        weights = parameters.map(\.value.elements)
        held = parameters.map(\.mask)
        var settings = AdamW.Settings()
        settings.weightDecay = 0
        optimizer = AdamW(scores, settings: settings)
    }

    /// Takes one step with the gradients that the parameters have.
    func learn(rate: Float, pool: ThreadPool) {
        for (index, parameter) in parameters.enumerated() {
            let (weight, gradient) = (weights[index], parameter.gradient.elements)
            pool.forEachPart(of: &scores[index].gradient.elements) { first, products in
                for place in products.indices {
                    products[place] = weight[first + place] * gradient[first + place]
                }
            }
        }
        optimizer.step(learningRate: rate, clip: .infinity, pool: pool)
    }

    /// Lets the weights that are dropped at present come back, so that it is chosen anew which are.
    func revive() {
        for (index, parameter) in parameters.enumerated() {
            parameter.value.elements = weights[index]
            parameter.restore(mask: held[index])
        }
    }

    /// Remembers the weights that are not dropped, after a step of theirs.
    mutating func keepAside(pool: ThreadPool) {
        for (index, parameter) in parameters.enumerated() {
            let value = parameter.value.elements
            guard let mask = parameter.mask else {
                weights[index] = value
                continue
            }
            pool.forEachPart(of: &weights[index]) { first, weights in
                for place in weights.indices where mask[first + place] != 0 {
                    weights[place] = value[first + place]
                }
            }
        }
    }
}
