import Levels
import SparseKernels
import Tensors
import Transformers

/// One linear layer, Y = X·Wᵀ + b, packed for the kernels by the zeros that its weight has.
///
///     let layer = try LinearLayer(weight: weight, rows: 1536, columns: 384, precision: .int8)
///     let outputs = try layer(inputs)   // [tokens × 1536] of [tokens × 384]
///
/// For programs with a network of their own. Calls from several threads take turns.
public struct LinearLayer: Sendable {
    /// Features of an output.
    public var rows: Int { layer.rows }
    /// Features of an input.
    public var columns: Int { layer.columns }
    /// Bytes of the packed weight.
    public var sizeBytes: Int { layer.sizeBytes }
    /// What it was packed as.
    public let level: Level

    private let layer: any LinearOperator
    private let pool: ThreadPool

    /// Packs a weight.
    ///
    /// - Parameters:
    ///   - weight: W [rows × columns], row after row. Zeros that rows share make it faster.
    ///   - rows: features of an output.
    ///   - columns: features of an input.
    ///   - bias: b [rows]; nil for none.
    ///   - precision: how products are computed.
    ///   - threads: threads to compute on.
    /// - Throws: `Issue` for numbers of elements that do not fit, elements that are not finite, or a number of threads
    ///   out of range.
    public init(
        weight: [Float], rows: Int, columns: Int, bias: [Float]? = nil, precision: Precision = .float32,
        threads: Int = 1
    ) throws {
        try Self.require(rows: rows, columns: columns)
        guard weight.count == rows * columns else {
            throw Issue(
                .mismatch, .option("weight"), found: "\(weight.count) elements",
                allowed: "\(rows) × \(columns)")
        }
        let bias = bias ?? [Float](repeating: 0, count: rows)
        guard bias.count == rows else {
            throw Issue(.mismatch, .option("bias"), found: "\(bias.count) elements", allowed: "\(rows)")
        }
        for (name, elements) in [("weight", weight), ("bias", bias)] {
            if let index = elements.firstIndex(where: { !$0.isFinite }) {
                throw Issue(
                    .malformed, .option(name), field: "element \(index)", found: "\(elements[index])",
                    allowed: "finite numbers")
            }
        }
        pool = try Runtime.pool(threads: threads)
        let weight = Matrix(rows: rows, columns: columns, elements: weight)
        let formats = LevelFormats.standard
        let pruned = Level(ofZerosIn: weight, precision: precision)
        // Not every precision has kernels that leave zeros out.
        level = formats.makes(pruned) ? pruned : .dense.with(precision)
        layer = try formats.pack(level, weight: weight, bias: bias)
    }

    /// Refuses shapes that no weight has.
    /// - Throws: `Issue`.
    package static func require(rows: Int, columns: Int) throws {
        let sizes = 1...(1 << 20)
        for (name, size) in [("rows", rows), ("columns", columns)] where !sizes.contains(size) {
            throw Issue(.outOfRange, .option(name), found: "\(size)", allowed: "1 to \(sizes.upperBound)")
        }
    }

    /// The outputs [tokens × rows] of inputs [tokens × columns], row after row.
    ///
    /// - Throws: `Issue` for a number of elements that is no multiple of ``columns``.
    public func callAsFunction(_ inputs: [Float]) throws -> [Float] {
        guard inputs.count % columns == 0 else {
            throw Issue(
                .mismatch, .option("inputs"), found: "\(inputs.count) elements",
                allowed: "a multiple of \(columns)")
        }
        let tokens = inputs.count / columns
        return [Float](unsafeUninitializedCapacity: tokens * rows) { outputs, count in
            inputs.withUnsafeBufferPointer { inputs in
                if let from = inputs.baseAddress, let to = outputs.baseAddress {
                    compute(from, tokens: tokens, into: to)
                }
            }
            count = tokens * rows
        }
    }

    /// Computes outputs [tokens × rows] of inputs [tokens × columns].
    package func compute(
        _ inputs: UnsafePointer<Float>, tokens: Int, into outputs: UnsafeMutablePointer<Float>
    ) {
        guard tokens > 0 else { return }
        let input = PanelMatrix(features: columns, tokens: tokens)
        let output = PanelMatrix(features: rows, tokens: tokens)
        input.read(tokenMajor: inputs)
        pool.run { worker in layer.apply(input, into: output, part: worker, of: pool.threads) }
        output.write(tokenMajor: outputs)
    }
}
