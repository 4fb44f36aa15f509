import Tensors

/// The scores of movement pruning, which are trained along with the weights (Sanh, Wolf and Rush, 2020, equations
/// 3 and 4).
///
/// The derivative of the loss by a score is w·∂L/∂w, of weights that are dropped at present too: they keep
/// their value.
///
/// Scores start at w²/2, to which a step of gradient descent adds just −η·w·∂L/∂w. The paper's start at zero,
/// and what has not moved yet is then dropped whatever it is worth: tens of thousands of steps make up for
/// it, hundreds do not.
struct MovementScores {
    private let parameters: [Parameter]
    private let optimizer: AdamW
    /// By parameter, in its shape; higher is kept longer.
    let scores: [Parameter]
    /// The weights by parameter, with those that are dropped at present.
    private var weights: [[Float]]
    /// What was held at zero before, by parameter.
    private let held: [[Float]?]

    /// The learning rate of scores, next to that of weights.
    static let relativeRate: Float = 0.2

    /// Starts with the scores of the weights as they are.
    init(_ parameters: [Parameter]) {
        self.parameters = parameters
        scores = parameters.map { parameter in
            Parameter(
                name: parameter.name, shape: parameter.shape,
                elements: parameter.value.elements.map { $0 * $0 / 2 })
        }
        weights = parameters.map(\.value.elements)
        held = parameters.map(\.mask)
        var settings = AdamW.Settings()
        settings.weightDecay = 0
        optimizer = AdamW(scores, settings: settings)
    }

    /// Takes one step with the gradients that the parameters have.
    ///
    /// - Parameter rate: the learning rate of the weights.
    func learn(rate: Float, pool: ThreadPool) {
        for (index, parameter) in parameters.enumerated() {
            let (weight, gradient) = (weights[index], parameter.gradient.elements)
            pool.forEachPart(of: &scores[index].gradient.elements) { first, products in
                for place in products.indices {
                    products[place] = weight[first + place] * gradient[first + place]
                }
            }
        }
        optimizer.step(learningRate: Self.relativeRate * rate, clip: .infinity, pool: pool)
    }

    /// Lets the weights that are dropped at present come back, so that it is chosen again which are.
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
