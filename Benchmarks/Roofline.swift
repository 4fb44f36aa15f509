import ArgumentParser
import Foundation
import Levels
import SparseKernels
import Tensors

/// Draws the roofline of this CPU with the measured kernels under it (Williams, Waterman and Patterson,
/// 2009).
struct Roofline: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure kernels on one thread, and draw them under the roofline of this CPU.")

    @Option(help: "The SVG file to write.")
    var output = "docs/roofline.svg"

    @Option(help: "Output features of the layer.")
    var rows = 1536

    @Option(help: "Input features of the layer.")
    var cols = 384

    @Option(help: "Tokens.")
    var tokens = 128

    func run() throws {
        let benchmark = KernelBenchmark(instructionSet: .best, tokens: tokens, pool: ThreadPool())
        let levels = [Pattern.unstructured, .rowBlock4, .block4].flatMap { pattern in
            [0.5, 0.7, 0.8, 0.9, 0.95].map { Level(pattern: pattern, sparsity: $0) }
        }
        let report = try benchmark.measure(shapes: [(rows, cols)], levels: levels)
        let bandwidth = Self.readGigabytesPerSecond()
        let points = report.entries.map { point($0) }
        let title =
            "\(rows)×\(cols), \(tokens) tokens, 1 thread, \(report.isa): peak "
            + "\(Int(report.peakGflops)) GFLOP/s, memory \(Int(bandwidth)) GB/s"
        let chart = RooflineChart(
            title: title, peakGflops: report.peakGflops, gigabytesPerSecond: bandwidth, points: points)
        try chart.svg.write(toFile: output, atomically: true, encoding: .utf8)
        for point in points {
            print(
                point.name + String(format: "  %.1f FLOP/byte  %.0f GFLOP/s", point.intensity, point.gflops))
        }
    }

    /// Operations with kept weights over the bytes of weights, inputs and outputs, each moved once.
    private func point(_ entry: KernelBenchmark.Entry) -> RooflineChart.Point {
        let kept = 1 - entry.sparsity
        let operations = 2 * kept * Double(entry.rows * entry.cols * entry.tokens)
        let bytes = entry.weightBytes + 4 * entry.tokens * (entry.rows + entry.cols)
        let isDense = entry.pattern == Pattern.dense.description
        return RooflineChart.Point(
            series: isDense ? entry.kernel : entry.pattern,
            name: isDense ? entry.kernel : "\(entry.pattern) \(Int(100 * entry.sparsity)) %",
            intensity: operations / Double(bytes), gflops: entry.effectiveGflops * kept)
    }

    /// How fast one thread reads memory that no cache holds: the best of several passes over 512 MB.
    private static func readGigabytesPerSecond() -> Double {
        let numbers = [Float](repeating: 1, count: 1 << 27)
        let seconds = (0..<5).map { _ in
            let start = Date()
            _ = BLAS.sumOfMagnitudes(numbers)
            return Date().timeIntervalSince(start)
        }
        return Double(numbers.count * 4) / (seconds.min() ?? 1) / 1e9
    }
}
