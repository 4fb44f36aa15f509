import Evaluation
import Tensors
import Transformers

/// Gradients of the label-free fidelity of an encoder (``FidelityTask``): Pearson's r, over all pairs of
/// sentences, between the cosines of the model and those of the dense model; with a weight w of the space, of
/// (r + w · mean cosine to the dense embeddings) / (1 + w).
public struct FidelityGradients {
    private let graph: EncoderGraph
    private let sentences: SentenceOperation
    private let spaceWeight: Double
    private let pool: ThreadPool

    /// Takes a graph, whose weights may change between calls.
    public init(graph: EncoderGraph, pooling: SentencePooling, spaceWeight: Double = 0, pool: ThreadPool) {
        self.graph = graph
        self.spaceWeight = spaceWeight
        sentences = SentenceOperation(pooling: pooling)
        self.pool = pool
    }

    /// Leaves ∂loss/∂W in the gradient of every prunable weight, the loss being 1 less the fidelity.
    ///
    /// - Parameter dense: the dense model's embeddings of the sentences.
    /// - Returns: the loss.
    public func loss(_ sequences: [[Int32]], dense: Matrix) -> Double {
        let batch = TokenBatch(sequences)
        let tape = graph.forward(batch, pool: pool)
        let saved = sentences.forward(tape.hidden, batch: batch)
        let value = Losses.fidelity(
            saved.embeddings, teacher: dense.normalizingRows, spaceWeight: spaceWeight)
        clear()
        graph.backward(
            sentences.backward(value.gradient, saved: saved, batch: batch), tape: tape, batch: batch,
            pool: pool)
        return value.loss
    }

    /// What the curvature of the loss at the dense weights is made of, for one layer.
    public struct Curvature: Sendable {
        /// Σ_tokens x·xᵀ of the inputs [columns × columns].
        public var inputs: Matrix
        /// Σ_tokens dy·dyᵀ of the outputs [rows × rows], mean over projections.
        public var outputs: Matrix
        /// ∂f_k/∂W of each projection [rows × columns].
        public var projections: [Matrix]
    }

    /// At the dense weights 1 − r ≈ ½ E[(df)²], with f = Σ_{i<j} z_ij s_ij / (√N σ) a random projection of
    /// the similarities s: z is normal, and orthogonal to what r does not see, a shift and a stretch of all
    /// s. Likewise 1 − mean cosine ≈ ½ E[(dg)²], with g = Σ_i ⟨zᵢ, eᵢ⟩ / √n over n sentences, as embeddings keep
    /// their length; of independent projections, those of a weighted sum are weighted by the square roots.
    ///
    /// - Returns: for every layer, what ½ E[⟨∂f/∂W, Δ⟩²] is computed from, exactly or factored over tokens
    ///   (Kronecker-factored curvature: Martens and Grosse, ICML 2015).
    public func curvature(
        _ sequences: [[Int32]], projections: Int, random: inout CounterBasedRandom
    ) -> [Curvature] {
        let batch = TokenBatch(sequences)
        let tape = graph.forward(batch, pool: pool)
        let saved = sentences.forward(tape.hidden, batch: batch)
        let layers = graph.prunable
        var curvatures: [Curvature] = []
        graph.observeInputs(tape) { names, input in
            var covariance = Matrix(rows: input.columns, columns: input.columns)
            BLAS.multiply(input, transposeA: true, input, into: &covariance, pool: pool)
            for _ in names {
                curvatures.append(
                    Curvature(inputs: covariance, outputs: Matrix(rows: 0, columns: 0), projections: []))
            }
        }
        for layer in layers { layer.observeOutputGradients() }
        for _ in 0..<projections {
            clear()
            let gradient = Losses.fidelityProjection(
                saved.embeddings, spaceWeight: spaceWeight, random: &random)
            graph.backward(
                sentences.backward(gradient, saved: saved, batch: batch), tape: tape, batch: batch, pool: pool
            )
            for (index, layer) in layers.enumerated() { curvatures[index].projections.append(layer.gradient) }
        }
        for (index, layer) in layers.enumerated() {
            guard var outputs = layer.outputGradientCovariance else { continue }
            outputs = outputs.scaled(by: 1 / Float(projections))
            curvatures[index].outputs = outputs
            layer.outputGradientCovariance = nil
        }
        clear()
        return curvatures
    }

    private func clear() {
        for parameter in graph.parameters { parameter.clearGradient() }
    }
}

extension Losses {
    /// 1 − (r + w·c) / (1 + w), with r as in ``fidelity(_:teacher:)``, and c the mean of ⟨eᵢ, tᵢ⟩.
    static func fidelity(_ embeddings: Matrix, teacher: Matrix, spaceWeight: Double) -> LossValue {
        let agreement = fidelity(embeddings, teacher: teacher)
        guard spaceWeight > 0 else { return agreement }
        let cosines = zip(embeddings.elements, teacher.elements).reduce(0) {
            $0 + Double($1.0) * Double($1.1)
        }
        let share = spaceWeight / (1 + spaceWeight)
        var gradient = agreement.gradient.scaled(by: Float(1 - share))
        gradient.add(teacher.scaled(by: Float(-share / Double(teacher.rows))))
        return LossValue(
            loss: (1 - share) * agreement.loss + share * (1 - cosines / Double(teacher.rows)),
            gradient: gradient)
    }

    /// 1 − r, with r Pearson's correlation over all pairs i < j between ⟨eᵢ, eⱼ⟩ and ⟨tᵢ, tⱼ⟩, rows of E and
    /// T [sentences × hidden] of length 1.
    static func fidelity(_ embeddings: Matrix, teacher: Matrix) -> LossValue {
        precondition(embeddings.rows == teacher.rows && embeddings.rows > 2)
        var own = PairSimilarities(embeddings)
        var other = PairSimilarities(teacher)
        let (ownNorm, otherNorm) = (own.standardize(), other.standardize())
        guard ownNorm > 0, otherNorm > 0 else {
            return LossValue(loss: 1, gradient: Matrix(rows: embeddings.rows, columns: embeddings.columns))
        }
        let r = own.product(other)
        // With s̃ and t̃ centred and of length 1, ∂r/∂s = (t̃ − r·s̃) / ‖s − s̄‖.
        var direction = other
        direction.add(own, scale: -r)
        return LossValue(
            loss: 1 - r, gradient: direction.gradient(embeddings, scale: -1 / ownNorm))
    }

    /// ∂f/∂E of a random projection f of the similarities and of the embeddings, scaled so that
    /// ``fidelity(_:teacher:spaceWeight:)`` ≈ ½ E[(df)²] near the teacher.
    static func fidelityProjection(
        _ embeddings: Matrix, spaceWeight: Double, random: inout CounterBasedRandom
    ) -> Matrix {
        let agreement = fidelityProjection(embeddings, random: &random)
        guard spaceWeight > 0 else { return agreement }
        let share = spaceWeight / (1 + spaceWeight)
        var gradient = agreement.scaled(by: Float((1 - share).squareRoot()))
        let scale = (share / Double(embeddings.rows)).squareRoot()
        for index in gradient.elements.indices {
            gradient.elements[index] += Float(scale * random.nextNormal())
        }
        return gradient
    }

    /// ∂f/∂E of a random projection f of the similarities that Pearson's r sees, scaled so that
    /// 1 − r ≈ ½ E[(df)²] near the teacher.
    static func fidelityProjection(_ embeddings: Matrix, random: inout CounterBasedRandom) -> Matrix {
        var similarities = PairSimilarities(embeddings)
        let norm = similarities.standardize()
        var noise = PairSimilarities(normal: embeddings.rows, random: &random)
        noise.center()
        noise.add(similarities, scale: -noise.product(similarities))
        return noise.gradient(embeddings, scale: norm > 0 ? 1 / norm : 0)
    }
}

/// A number for each pair i < j of sentences, as the upper triangle of a square matrix.
private struct PairSimilarities {
    private var values: Matrix

    /// ⟨eᵢ, eⱼ⟩
    init(_ embeddings: Matrix) {
        values = Matrix(rows: embeddings.rows, columns: embeddings.rows)
        BLAS.multiply(embeddings, embeddings, transposeB: true, into: &values)
        for row in 0..<values.rows { for column in 0...row { values[row, column] = 0 } }
    }

    /// Standard normal numbers.
    init(normal count: Int, random: inout CounterBasedRandom) {
        values = Matrix(rows: count, columns: count)
        for row in 0..<count {
            for column in row + 1..<max(count, row + 1) { values[row, column] = Float(random.nextNormal()) }
        }
    }

    private var pairs: Int { values.rows * (values.rows - 1) / 2 }

    mutating func center() {
        let mean = Float(values.elements.reduce(0.0) { $0 + Double($1) } / Double(pairs))
        for row in 0..<values.rows {
            for column in row + 1..<max(values.columns, row + 1) { values[row, column] -= mean }
        }
    }

    /// Centres, divides by the norm, and returns that.
    mutating func standardize() -> Double {
        center()
        let norm = product(self).squareRoot()
        if norm > 0 { values = values.scaled(by: Float(1 / norm)) }
        return norm
    }

    func product(_ other: PairSimilarities) -> Double {
        zip(values.elements, other.values.elements).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }

    mutating func add(_ other: PairSimilarities, scale: Double) {
        for (index, value) in other.values.elements.enumerated() {
            values.elements[index] += Float(scale) * value
        }
    }

    /// scale · ∂(Σ values·s)/∂E = scale · (D + Dᵀ)·E.
    func gradient(_ embeddings: Matrix, scale: Double) -> Matrix {
        var gradient = Matrix(rows: embeddings.rows, columns: embeddings.columns)
        BLAS.multiply(values, embeddings, alpha: Float(scale), into: &gradient)
        BLAS.multiply(values, transposeA: true, embeddings, alpha: Float(scale), into: &gradient, beta: 1)
        return gradient
    }
}
