import ArgumentParser
import Evaluation
import Foundation
import Levels
import Models
import SparseKernels
import Tensors
import Transformers

/// What scales of activations that are fixed beforehand cost in quality, and the most time that they could save,
/// against a scale for each token.
struct ActivationScales: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Quality of an int8 encoder with fixed scales of activations, and the time that they could save.")

    @Argument(help: "The folder of an encoder in int8, as `secateur prune --level int8` writes it.")
    var model: String

    @Option(help: "The text to find scales on.")
    var train = "data/fortunes.txt"

    @Option(help: "The pairs to evaluate on.")
    var data = "../shared/data/stsb/dev.tsv"

    @Option(help: "The folder of documents and queries to evaluate on. Default: none.")
    var retrieval: String?

    @Option(help: "Sentences to find scales on.")
    var sentences = 512

    @Option(help: "Threads to compute quality with; time is measured with one.")
    var threads = UsableProcessors.count()

    @Option(help: "Rounds to time.")
    var rounds = 400

    func run() throws {
        let pool = try ThreadPool(threads: threads)
        let model = try EncoderModel(folder: model)
        let text = try Datasets.sentences(path: train)
        let step = max(text.count / sentences, 1)
        let taken = stride(from: 0, to: text.count, by: step).prefix(sentences).map { text[$0] }
        let inputs = InputSamples(of: model, on: taken, pool: pool)
        let task = STSTask(pairs: try Datasets.scoredPairs(path: data), tokenizer: model.sentences)
        let search = try retrieval.map {
            RetrievalTask(try RetrievalData(folder: $0), tokenizer: model.sentences)
        }
        showTime(model)
        func show(_ name: String, _ encoder: Encoder) {
            let spearman = String(format: "%.4f", task.score(encoder, pool: pool))
            let ndcg = search.map { String(format: "  nDCG@10 %.4f", $0.score(encoder, pool: pool)) }
            print(
                "\(name.padding(toLength: 34, withPad: " ", startingAt: 0)) Spearman \(spearman)\(ndcg ?? "")"
            )
        }
        show("kernels in int8, by token", model.encoder)
        show("by token", replaced(model.encoder) { _ in .token })
        for span in Span.allCases {
            show(span.rawValue, replaced(model.encoder) { .fixed(inputs.samples[$0, default: []], span) })
        }
    }

    private func replaced(_ encoder: Encoder, _ rounding: (String) -> InputRounding) -> Encoder {
        var operators: [String: any LinearOperator] = [:]
        for (name, weight) in encoder.weights where encoder.operators[name]?.bytes != nil {
            let product = DenseLinear(weight: weight, bias: encoder.bias(of: name))
            operators[name] = RoundedLinear(product, rounding(name))
        }
        return encoder.replacing(operators)
    }

    /// The search for the largest magnitudes, which fixed scales would spare, against a whole pass.
    private func showTime(_ model: EncoderModel) {
        let (encoder, pool) = (model.encoder, ThreadPool())
        let workload = Workload(phase: .prefill, tokens: EncoderModel.standardTokens)
        let memory = encoder.memory(for: workload, threads: 1)
        let hidden = PanelMatrix(features: encoder.dimensions.hidden, tokens: workload.tokens)
        let inner = PanelMatrix(features: encoder.dimensions.intermediate, tokens: workload.tokens)
        let bytes = BytePanels(features: hidden.features, tokens: hidden.tokens, workers: 1)
        bytes.round(hidden)
        guard let name = encoder.layerShapes.first(where: { $0.role == .feedForwardUp })?.name,
            let up = encoder.operators[name]?.bytes
        else { return print("the feed-forward layer is not in int8: no time measured") }
        var (pass, search, bare, noted) = ([Double](), [Double](), [Double](), [Double]())
        for _ in 0..<rounds {
            pass.append(Self.time { encoder.pass(workload, memory, pool: pool, times: nil) })
            search.append(Self.time { bytes.findMaxima(of: hidden, worker: 0, pool: pool) })
            for maxima in [nil, bytes.maxima(of: 0)] {
                let ms = Self.time {
                    up.apply(
                        bytes, into: inner, epilogue: .init(appliesGELU: true, maxima: maxima), part: 0, of: 1
                    )
                }
                if maxima == nil { bare.append(ms) } else { noted.append(ms) }
            }
        }
        let least = [pass, search, bare, noted].map { $0.min() ?? 0 }
        // Inputs of queries, keys and values, of the attention output and of the first feed-forward layer; the second
        // one's maxima are noted while GELU is computed.
        let blocks = Double(encoder.dimensions.blocks)
        let (searches, notes) = (3 * blocks * least[1], blocks * max(least[3] - least[2], 0))
        print(
            String(
                format:
                    "pass %.3f ms; searches for maxima %.3f ms, %.2f %%; noting them with GELU %.3f ms, %.2f %%",
                least[0], searches, 100 * searches / least[0], notes, 100 * notes / least[0]))
    }

    /// Milliseconds of a second call: what a pass works on was just written, and is in the cache.
    private static func time(_ body: () -> Void) -> Double {
        body()
        let start = DispatchTime.now().uptimeNanoseconds
        body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
    }
}

/// A sample of every layer's inputs, with the least and the greatest.
private struct InputSamples {
    private(set) var samples: [String: [Float]] = [:]

    init(of model: EncoderModel, on sentences: [String], pool: ThreadPool) {
        var found: [String: [Float]] = [:]
        var sharing: [String: [String]] = [:]
        model.encoder.observeInputs(
            of: model.sentences.encode(sentences), pool: pool, progress: { _ in }
        ) { layers, input in
            let values = input.matrix.elements
            sharing[layers[0]] = layers
            // A prime, so that every feature and token has its turn.
            found[layers[0], default: []] +=
                stride(from: 0, to: values.count, by: 31).map { values[$0] }
                + [values.min() ?? 0, values.max() ?? 0]
        }
        for (first, layers) in sharing {
            let sorted = found[first, default: []].sorted()
            for layer in layers { samples[layer] = sorted }
        }
    }
}

/// How a fixed span is chosen.
private enum Span: String, CaseIterable {
    case range = "fixed, least to greatest"
    case largest = "fixed, ± largest magnitude"
    case percentile9999 = "fixed, ± 99.99th percentile"
    case percentile999 = "fixed, ± 99.9th percentile"
    case leastError = "fixed, ± least squared error"

    /// The bounds, of a sorted sample.
    func bounds(_ sorted: [Float]) -> (least: Float, greatest: Float) {
        let magnitudes = sorted.map(abs).sorted()
        let largest = magnitudes.last ?? 0
        let magnitude: Float
        switch self {
        case .range: return (min(sorted.first ?? 0, 0), max(sorted.last ?? 0, 0))
        case .largest: magnitude = largest
        case .percentile9999: magnitude = magnitudes[magnitudes.count * 9999 / 10000]
        case .percentile999: magnitude = magnitudes[magnitudes.count * 999 / 1000]
        case .leastError:
            let choices = (4...40).map { Float($0) / 40 * largest }
            magnitude = choices.min { error($0, magnitudes) < error($1, magnitudes) } ?? largest
        }
        return (-magnitude, magnitude)
    }

    private func error(_ span: Float, _ magnitudes: [Float]) -> Double {
        magnitudes.reduce(0) { sum, value in
            let rounded = (min(value, span) * 127 / span).rounded() * span / 127
            return sum + Double((rounded - value) * (rounded - value))
        }
    }
}

/// How a layer's input is rounded.
private enum InputRounding {
    case token
    case span(scale: Float, least: Float, greatest: Float)

    static func fixed(_ sorted: [Float], _ span: Span) -> InputRounding {
        let bounds = span.bounds(sorted)
        let steps: Float = span == .range ? 255 : 254
        let scale = max(bounds.greatest - bounds.least, 1e-30) / steps
        // Zero is a whole number, and the bounds are.
        let least = (bounds.least / scale).rounded() * scale
        return .span(scale: scale, least: least, greatest: least + steps * scale)
    }
}

/// A product of floats whose input is rounded as for whole numbers.
private final class RoundedLinear: LinearOperator {
    private let product: DenseLinear
    private let rounding: InputRounding

    init(_ product: DenseLinear, _ rounding: InputRounding) {
        self.product = product
        self.rounding = rounding
    }

    var rows: Int { product.rows }
    var columns: Int { product.columns }
    var sizeBytes: Int { product.sizeBytes }

    func rows(ofPart part: Int, of parts: Int) -> Range<Int> { product.rows(ofPart: part, of: parts) }

    func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        let rounded = PanelMatrix(features: input.features, tokens: input.tokens)
        for token in 0..<input.tokens {
            let column = input.column(of: token)
            let (source, target) = (input.address + column.offset, rounded.address + column.offset)
            let (scale, least, greatest) = bounds(source, input.features, column.stride)
            for place in stride(from: 0, to: input.features * column.stride, by: column.stride) {
                target[place] = (min(max(source[place], least), greatest) / scale).rounded() * scale
            }
        }
        product.apply(rounded, into: output, part: part, of: parts)
    }

    private func bounds(_ values: UnsafeMutablePointer<Float>, _ count: Int, _ step: Int) -> (
        scale: Float, least: Float, greatest: Float
    ) {
        switch rounding {
        case .span(let scale, let least, let greatest): return (scale, least, greatest)
        case .token:
            var largest: Float = 1e-30
            for place in stride(from: 0, to: count * step, by: step) {
                largest = max(largest, abs(values[place]))
            }
            return (largest / 127, -largest, largest)
        }
    }
}
