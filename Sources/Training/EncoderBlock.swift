import Levels
import Tensors
import Transformers

/// One post-norm transformer block with its backward.
struct EncoderBlock {
    private let query: LinearOperation
    private let key: LinearOperation
    private let value: LinearOperation
    private let attention: AttentionOperation
    private let attentionOutput: LinearOperation
    private let attentionNorm: LayerNormOperation
    private let intermediate: LinearOperation
    private let output: LinearOperation
    private let outputNorm: LayerNormOperation
    private let activation: EncoderActivation
    private let withoutBias: Set<LayerRole>
    /// The linear layers, in the order of computation.
    let layerShapes: [LayerShape]

    /// What forward leaves for backward, [tokens × …] each.
    struct Saved {
        let query: Matrix
        let key: Matrix
        let value: Matrix
        let attention: AttentionOperation.Saved
        let context: Matrix
        let attentionNorm: LayerNormOperation.Saved
        let attended: Matrix
        let intermediate: Matrix
        let activated: Matrix
        let outputNorm: LayerNormOperation.Saved
        let dropout: BlockDropout?
    }

    /// Takes a block's parameters; it has as many heads and neurons as they have rows.
    init(_ factory: OperationFactory, block: Int, hidden: Int, headSize: Int) throws {
        let modules = factory.modules
        activation = factory.activation
        let attended = try factory.rows(.query, ofBlock: block, multipleOf: headSize)
        let width = try factory.rows(.feedForwardUp, ofBlock: block, multipleOf: 1)
        query = try factory.linear(.query, ofBlock: block, attended, hidden)
        key = try factory.linear(.key, ofBlock: block, attended, hidden)
        value = try factory.linear(.value, ofBlock: block, attended, hidden)
        attention = AttentionOperation(heads: attended / headSize)
        attentionOutput = try factory.linear(.attentionOutput, ofBlock: block, hidden, attended)
        attentionNorm = try factory.norm(modules.module(modules.attentionNorm, ofBlock: block), hidden)
        intermediate = try factory.linear(.feedForwardUp, ofBlock: block, width, hidden)
        output = try factory.linear(.feedForwardDown, ofBlock: block, hidden, width)
        outputNorm = try factory.norm(modules.module(modules.feedForwardNorm, ofBlock: block), hidden)
        layerShapes = modules.linears.map { linear in
            let (rows, cols) =
                switch linear.role {
                case .attentionOutput: (hidden, attended)
                case .feedForwardUp, .feedForwardGate: (width, hidden)
                case .feedForwardDown: (hidden, width)
                case .query, .key, .value, .queryKeyValue: (attended, hidden)
                }
            return LayerShape(
                name: modules.module(linear.module, ofBlock: block), rows: rows, cols: cols, block: block,
                role: linear.role)
        }
        withoutBias = Set(modules.linears.filter { !$0.hasBias }.map(\.role))
    }

    var headCount: Int { attention.heads }
    var width: Int { intermediate.weight.value.rows }
    /// The linear layers in the order of computation, which is that of ``layerShapes``.
    private var linears: [LinearOperation] { [query, key, value, attentionOutput, intermediate, output] }
    var prunable: [Parameter] { linears.map(\.weight) }

    /// Every parameter.
    var parameters: [Parameter] {
        zip(linears, layerShapes).flatMap { linear, shape in
            withoutBias.contains(shape.role) ? [linear.weight] : [linear.weight, linear.bias]
        } + [attentionNorm, outputNorm].flatMap { [$0.gamma, $0.beta] }
    }

    func forward(_ x: Matrix, batch: TokenBatch, dropout: BlockDropout? = nil, pool: ThreadPool) -> (
        y: Matrix, saved: Saved
    ) {
        let q = query.forward(x, pool: pool)
        let k = key.forward(x, pool: pool)
        let v = value.forward(x, pool: pool)
        let (context, attentionSaved) = attention.forward(q, k, v, batch: batch, pool: pool)
        var sum = attentionOutput.forward(context, pool: pool)
        dropout?.afterAttention(&sum, pool: pool)
        sum.add(x, pool: pool)
        let (attended, attentionNormSaved) = attentionNorm.forward(sum, pool: pool)
        let inner = intermediate.forward(attended, pool: pool)
        let activated = ActivationOperation.forward(inner, activation, pool: pool)
        sum = output.forward(activated, pool: pool)
        dropout?.afterFeedForward(&sum, pool: pool)
        sum.add(attended, pool: pool)
        let (y, outputNormSaved) = outputNorm.forward(sum, pool: pool)
        return (
            y,
            Saved(
                query: q, key: k, value: v, attention: attentionSaved, context: context,
                attentionNorm: attentionNormSaved, attended: attended, intermediate: inner,
                activated: activated, outputNorm: outputNormSaved, dropout: dropout)
        )
    }

    /// Returns ∂loss/∂x [tokens × hidden].
    func backward(_ dy: Matrix, x: Matrix, saved: Saved, batch: TokenBatch, pool: ThreadPool) -> Matrix {
        let dSum = outputNorm.backward(dy, saved: saved.outputNorm, pool: pool)
        var dOutput = dSum
        saved.dropout?.afterFeedForward(&dOutput, pool: pool)
        let dActivated = output.backward(dOutput, x: saved.activated, pool: pool)
        let dInner = ActivationOperation.backward(
            dActivated, x: saved.intermediate, activation, pool: pool)
        var dAttended = intermediate.backward(dInner, x: saved.attended, pool: pool)
        dAttended.add(dSum, pool: pool)
        var dx = attentionNorm.backward(dAttended, saved: saved.attentionNorm, pool: pool)
        dOutput = dx
        saved.dropout?.afterAttention(&dOutput, pool: pool)
        let dContext = attentionOutput.backward(dOutput, x: saved.context, pool: pool)
        let (dq, dk, dv) = attention.backward(
            dContext, q: saved.query, k: saved.key, v: saved.value, saved: saved.attention, batch: batch,
            pool: pool)
        dx.add(query.backward(dq, x: x, pool: pool), pool: pool)
        dx.add(key.backward(dk, x: x, pool: pool), pool: pool)
        dx.add(value.backward(dv, x: x, pool: pool), pool: pool)
        return dx
    }
}

/// Dropout of what a block adds to its residual stream.
struct BlockDropout {
    let dropout: Dropout
    /// Which block this is.
    let block: Int

    func afterAttention(_ x: inout Matrix, pool: ThreadPool) {
        dropout.apply(to: &x, place: 2 * block + 1, pool: pool)
    }

    func afterFeedForward(_ x: inout Matrix, pool: ThreadPool) {
        dropout.apply(to: &x, place: 2 * block + 2, pool: pool)
    }
}
