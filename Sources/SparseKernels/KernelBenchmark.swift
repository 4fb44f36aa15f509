import Foundation
import Levels
import Tensors
import Transformers

/// Compares kernels with the fastest dense product of the same shape, alternating in one run.
///
/// In every round each kernel runs a few times in a row, after once to warm up, so that a drift of the
/// machine's speed falls on all alike. The dense product is this project's own and OpenBLAS's, in both of
/// its layouts; the fastest of them is the reference. Kernels that take rounded activations are given them, as models
/// round once for several layers.
public struct KernelBenchmark {
    /// One kernel of one shape.
    public struct Entry: Sendable, Codable, Equatable {
        /// Output features.
        public let rows: Int
        /// Input features.
        public let cols: Int
        public let tokens: Int
        /// The pattern's name; `dense` for dense products.
        public let pattern: String
        /// Fraction of the weights that are zero.
        public let sparsity: Double
        /// Whose dense product, or the unit of the sparse kernel.
        public let kernel: String
        /// What the weights take in memory in the kernel's format.
        public let weightBytes: Int
        /// Median time.
        public let medianMs: Double
        /// Distance between the quartiles of the times.
        public let spreadMs: Double
        /// 2·rows·cols·tokens / time, zeros counted.
        public let effectiveGflops: Double
        /// Products with kept weights / time, as a fraction of the peak of the level's precision.
        public let fractionOfPeak: Double
        /// Time of the fastest dense product / time.
        public let speedupOverDense: Double
    }

    /// What a run gives.
    public struct Report: Sendable, Codable, Equatable {
        /// The instruction set.
        public let isa: String
        /// The peak of every precision that was measured, by name, of all threads together: billions of operations in
        /// a second.
        public let peaks: [String: Double]
        /// That of single precision.
        public var peakGflops: Double { peaks[Precision.float32.name] ?? .nan }
        public let threads: Int
        /// The core that OpenBLAS worked with.
        public let openBLASCore: String
        /// Every kernel of every shape.
        public let entries: [Entry]
    }

    /// Rounds over all kernels of a shape.
    public var rounds = 21
    /// Timed runs of one kernel in one round.
    public var runs = 3

    private let instructionSet: InstructionSet
    private let tokens: Int
    private let pool: ThreadPool
    private let formats: LevelFormats

    /// Prepares to measure products with `tokens` tokens on the threads of a pool.
    public init(
        instructionSet: InstructionSet, tokens: Int, pool: ThreadPool, formats: LevelFormats = .standard
    ) {
        self.formats = formats
        self.instructionSet = instructionSet
        self.tokens = tokens
        self.pool = pool
    }

    /// Measures shapes [rows × cols] at levels.
    public func measure(
        shapes: [(rows: Int, cols: Int)], levels: [Level], progress: (Double) -> Void = { _ in }
    ) throws -> Report {
        let before = BLAS.threads
        BLAS.use(threads: pool.threads)
        defer { BLAS.use(threads: before) }
        var peaks: [Precision: Double] = [:]
        let precisions = Set(levels.map(\.precision)).union([.float32])
        let measured = try shapes.enumerated().map { number, shape in
            let candidates = try candidates(shape, levels)
            var times = candidates.map { _ in [Double]() }
            for round in 0..<rounds {
                progress((Double(number) + Double(round) / Double(rounds)) / Double(shapes.count))
                for precision in precisions {
                    let peak = PrecisionPeak.gigaflops(precision, instructionSet, pool: pool)
                    peaks[precision] = max(peaks[precision] ?? 0, peak)
                }
                for (index, candidate) in candidates.enumerated() {
                    candidate.run()
                    for _ in 0..<runs { times[index].append(Stopwatch.milliseconds(candidate.run)) }
                }
            }
            return (shape, candidates, times.map(LatencyTable.Entry.init))
        }
        return Report(
            isa: instructionSet.rawValue,
            peaks: Dictionary(uniqueKeysWithValues: peaks.map { ($0.name, $1) }), threads: pool.threads,
            openBLASCore: BLAS.coreName,
            entries: measured.flatMap { entries(shape: $0, candidates: $1, times: $2, peaks: peaks) })
    }

    private func entries(
        shape: (rows: Int, cols: Int), candidates: [KernelCandidate], times: [LatencyTable.Entry],
        peaks: [Precision: Double]
    ) -> [Entry] {
        let dense = zip(candidates, times).filter { $0.0.level == .dense }.map(\.1.medianMs).min() ?? .nan
        let operations = 2 * Double(shape.rows * shape.cols * tokens)
        return zip(candidates, times).map { candidate, time in
            let effective = operations / time.medianMs / 1e6
            return Entry(
                rows: shape.rows, cols: shape.cols, tokens: tokens,
                pattern: candidate.level.kind, sparsity: candidate.level.sparsity,
                kernel: candidate.name, weightBytes: candidate.weightBytes, medianMs: time.medianMs,
                spreadMs: time.spreadMs,
                effectiveGflops: effective,
                fractionOfPeak: effective * (1 - candidate.level.sparsity)
                    / (peaks[candidate.level.precision] ?? .nan),
                speedupOverDense: dense / time.medianMs)
        }
    }

    private func candidates(
        _ shape: (rows: Int, cols: Int), _ levels: [Level]
    ) throws -> [KernelCandidate] {
        var random = CounterBasedRandom(seed: UInt64(shape.rows * 4096 + shape.cols))
        func matrix(_ rows: Int, _ columns: Int) -> Matrix {
            Matrix(
                rows: rows, columns: columns,
                elements: (0..<rows * columns).map { _ in Float(random.nextUniform() - 0.5) })
        }
        let weight = matrix(shape.rows, shape.cols)
        let activations = matrix(shape.cols, tokens)
        let input = PanelMatrix(activations)
        let rounded = RoundedInputs(
            features: shape.cols, tokens: tokens, workers: pool.threads, instructionSet: instructionSet)
        let pool = pool
        pool.run { worker in
            for form in RoundedInputs.Form.allCases {
                rounded.round(input, to: form, worker: worker, pool: pool)
                pool.barrier()
            }
        }
        let output = PanelMatrix(features: shape.rows, tokens: tokens)
        let bias = [Float](repeating: 0.1, count: shape.rows)
        let dense = DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
        let products =
            [KernelCandidate(dense, .dense, input, rounded, output, pool)]
            + KernelCandidate.openBLAS(weight, activations)
        return try products
            + levels.map { level in
                var pruned = weight
                pruned.scatterZeros(level, using: &random)
                let linear = try formats.pack(level, weight: pruned, bias: bias, on: instructionSet)
                return KernelCandidate(linear, level, input, rounded, output, pool)
            }
    }
}

/// One way to compute a product.
private struct KernelCandidate {
    let name: String
    let level: Level
    let weightBytes: Int
    let run: () -> Void

    init(
        _ linear: any LinearOperator, _ level: Level, _ input: PanelMatrix, _ rounded: RoundedInputs,
        _ output: PanelMatrix, _ pool: ThreadPool
    ) {
        self.init(name: linear.kernelName, level: level, weightBytes: linear.sizeBytes) {
            pool.run { worker in
                if let linear = linear.rounded {
                    linear.apply(rounded, into: output, epilogue: .init(), part: worker, of: pool.threads)
                } else {
                    linear.apply(input, into: output, part: worker, of: pool.threads)
                }
            }
        }
    }

    private init(name: String, level: Level, weightBytes: Int, run: @escaping () -> Void) {
        self.name = name
        self.level = level
        self.weightBytes = weightBytes
        self.run = run
    }

    /// OpenBLAS with activations as here, [columns × tokens], and as frameworks have them,
    /// [tokens × columns].
    static func openBLAS(_ weight: Matrix, _ activations: Matrix) -> [KernelCandidate] {
        var output = Matrix(rows: weight.rows, columns: activations.columns)
        let rowsOfTokens = Matrix(
            rows: activations.columns, columns: activations.rows, elements: activations.elements)
        var transposed = Matrix(rows: activations.columns, columns: weight.rows)
        return [
            KernelCandidate(name: "openblas", level: .dense, weightBytes: 4 * weight.elements.count) {
                BLAS.multiply(weight, activations, into: &output)
            },
            KernelCandidate(
                name: "openblas transposed", level: .dense, weightBytes: 4 * weight.elements.count
            ) {
                BLAS.multiply(rowsOfTokens, weight, transposeB: true, into: &transposed)
            },
        ]
    }
}

extension KernelBenchmark.Report {
    /// The geometric mean over the shapes of the speed-up over the fastest dense product, by pattern in the
    /// order of the entries; dense products by the name of the kernel. Where several patterns are row blocks,
    /// the last is that of the fastest of them for each shape.
    public var meanSpeedups: [(pattern: String, means: [(sparsity: Double, speedup: Double)])] {
        var order: [String] = []
        var groups: [String: [Double: [Double]]] = [:]
        func add(_ entry: KernelBenchmark.Entry, as name: String) {
            if groups[name] == nil { order.append(name) }
            groups[name, default: [:]][entry.sparsity, default: []].append(entry.speedupOverDense)
        }
        for entry in entries {
            add(entry, as: entry.pattern == Pattern.dense.description ? entry.kernel : entry.pattern)
        }
        for entry in fastestRowBlocks { add(entry, as: "best row block") }
        return order.map { name in
            let bySparsity = groups[name, default: [:]].sorted { $0.key < $1.key }
            return (
                name,
                bySparsity.map { ($0.key, exp($0.value.map(log).reduce(0, +) / Double($0.value.count))) }
            )
        }
    }

    /// Of each shape and sparsity the fastest, when there are several patterns of row blocks.
    private var fastestRowBlocks: [KernelBenchmark.Entry] {
        let rowBlocks = entries.filter { Pattern($0.pattern)?.isRowBlock ?? false }
        guard Set(rowBlocks.map(\.pattern)).count > 1 else { return [] }
        return rowBlocks.filter { entry in
            !rowBlocks.contains {
                ($0.rows, $0.cols, $0.sparsity) == (entry.rows, entry.cols, entry.sparsity)
                    && ($0.speedupOverDense, $0.pattern) > (entry.speedupOverDense, entry.pattern)
            }
        }
    }
}
