import ArgumentParser
import Foundation
import Launch
import Levels
import Models
import Search
import SparseKernels
import Tensors

/// `secateur kernels`
struct Kernels: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare the kernels of levels with the fastest dense product.",
        discussion: """
            The dense reference is the fastest of this project's own product and OpenBLAS's, on the core that suits \
            the instruction set.

              secateur kernels --shape 1536x384 --threads 1 --json
              secateur kernels --patterns 4x1 --sparsities 0.7 0.9 --isa avx2
              secateur kernels --levels int8 int4 bfloat16 16x1@0.5:int8
            """)

    @OptionGroup var machine: MachineOptions

    @Option(
        parsing: .upToNextOption,
        help: "Shapes of the layers, ROWSxCOLS. Default: those of three common encoders.",
        transform: parsed("ROWSxCOLS such as 1536x384, each 1 to 65536", Shape.init(argument:)))
    var shape: [Shape] = Shape.standard

    @Option(help: "The instruction set. Default: the fastest of this CPU.")
    var isa = InstructionSet.best

    @Option(parsing: .upToNextOption, help: "Patterns. Default: all.")
    var patterns = FloatFormat.patterns

    @Option(parsing: .upToNextOption, help: "Sparsities; 2:4 has the one of its own.")
    var sparsities = [0.5, 0.7, 0.8, 0.9, 0.95]

    @Option(
        parsing: .upToNextOption,
        help: "Levels such as int8 or 16x1@0.5:int8, in place of patterns and sparsities in float32.",
        transform: levelOfLayers)
    var levels: [Level] = []

    @Option(help: "Rounds to measure, kernels alternating.")
    var rounds = 21

    @Flag(help: "Print one JSON object.")
    var json = false

    /// A layer's shape as it is written on the command line.
    struct Shape: CustomStringConvertible {
        let rows: Int
        let cols: Int

        static let standard = [
            "384x384", "1536x384", "384x1536", "576x576", "1536x576", "576x1536", "768x768", "3072x768",
        ].compactMap(Shape.init(argument:))

        init?(argument: String) {
            let parts = argument.split(separator: "x").compactMap { Int($0) }
            guard parts.count == 2, parts.allSatisfy({ (1...65536).contains($0) }) else { return nil }
            (rows, cols) = (parts[0], parts[1])
        }

        var description: String { "\(rows)x\(cols)" }
    }

    func validate() throws {
        guard isa.isAvailable else {
            let available = InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue)
            throw ValidationError(
                "--isa: found \(isa.rawValue), allowed on this CPU \(available.joined(separator: ", "))")
        }
        guard sparsities.allSatisfy({ (0..<1).contains($0) }), rounds >= 1 else {
            throw ValidationError(
                "--sparsities and --rounds: found \(sparsities) and \(rounds), allowed [0, 1) and 1 or more")
        }
    }

    func run() throws {
        OpenBLASCore.require(isa)
        let ofPatterns = patterns.filter { $0 != .dense }.flatMap { pattern in
            (pattern.fixedSparsity.map { [$0] } ?? sparsities).map { Level(pattern: pattern, sparsity: $0) }
        }
        let levels = (self.levels.isEmpty ? ofPatterns : self.levels).filter { $0 != .dense }
        try LevelFormats.standard.require(levels)
        machine.noteBusyProcessors()
        let line = ProgressLine()
        var benchmark = try KernelBenchmark(
            instructionSet: isa, tokens: machine.tokens ?? EncoderModel.standardTokens,
            pool: ThreadPool(threads: machine.threads))
        benchmark.rounds = rounds
        let report = try benchmark.measure(shapes: shape.map { ($0.rows, $0.cols) }, levels: levels) {
            line.show("measuring kernels", $0)
        }
        line.finish()
        if json { return try Terminal.printJSON(report) }
        KernelTable(report: report).show()
    }
}

extension Pattern: ExpressibleByArgument {
    /// Reads a pattern's name.
    public init?(argument: String) { self.init(argument) }
}
extension InstructionSet: ExpressibleByArgument {}

/// A report of kernels as text: one row for each shape and kernel, then the geometric means.
private struct KernelTable {
    let report: KernelBenchmark.Report

    func show() {
        print(
            "\(report.isa), \(report.threads.counted("thread")), FMA peak \(decimal(report.peakGflops, 0)) GFLOP/s,"
                + " OpenBLAS core \(report.openBLASCore)")
        for (precision, peak) in report.peaks.sorted(by: { $0.key < $1.key }) where precision != "float32" {
            print("peak of \(precision) \(decimal(peak, 0)) billion operations a second")
        }
        for entry in report.entries {
            let level =
                entry.sparsity == 0
                ? entry.kernel : "\(entry.pattern) \(decimal(100 * entry.sparsity, 0)) %"
            print(
                "  \(entry.rows)x\(entry.cols)  \(pad(level, 20))  \(pad(entry.kernel, 20))"
                    + "  \(decimal(entry.medianMs, 4)) ms ±\(decimal(entry.spreadMs, 4))"
                    + "  \(decimal(entry.effectiveGflops, 0)) GFLOP/s  \(decimal(100 * entry.fractionOfPeak, 0)) %"
                    + " of peak  \(decimal(entry.speedupOverDense, 2))x")
        }
        print("speed-up over the fastest dense, geometric mean over the shapes")
        for (pattern, means) in report.meanSpeedups {
            let cells = means.map { "\(decimal(100 * $0.sparsity, 0)) %: \(decimal($0.speedup, 2))x" }
            print("  \(pad(pattern, 20))  \(cells.joined(separator: "  "))")
        }
    }

    private func decimal(_ value: Double, _ digits: Int) -> String { Terminal.decimal(value, digits) }

    private func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
}
