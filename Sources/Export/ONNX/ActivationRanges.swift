import Levels
import Models
import Tensors
import Transformers

/// The least and the greatest input of every layer over sentences, from which scales follow that are fixed
/// beforehand.
///
/// Whole numbers from 0 to 255 reach from the least to the greatest. `Benchmarks activation-scales` compares this
/// with spans about zero (the largest magnitude, its 99.9th and 99.99th percentile, the least squared error): none
/// scores more on STS-B dev, and it needs no distribution. GELU is why a zero point pays: its outputs are above
/// −0.17.
public struct ActivationRanges: Sendable {
    /// How many sentences are taken.
    public static let mostSentences = 512

    /// A span in whole numbers of 8 bits: value = scale · (number − zero).
    struct Rounding: Equatable {
        let scale: Float
        let zero: UInt8

        /// For values between two bounds, and 0, which is a whole number.
        init(least: Float, greatest: Float) {
            let (least, greatest) = (min(least, 0), max(greatest, 0))
            let width = greatest - least
            scale = width > 0 && width.isFinite ? width / 255 : 1
            zero = UInt8(max(0, min(255, (-least / scale).rounded())))
        }
    }

    private var spans: [String: (least: Float, greatest: Float)] = [:]

    /// Runs a model over sentences, its layers packed as they will be.
    /// - Throws: `Issue` when there are none.
    init(of model: EncoderModel, on sentences: [String], pool: ThreadPool) throws {
        guard !sentences.isEmpty else {
            throw Issue(.missing, .option("train"), found: "no sentence", allowed: "one or more")
        }
        var spans: [String: (least: Float, greatest: Float)] = [:]
        model.encoder.observeInputs(
            of: model.sentences.encode(Self.evenly(sentences)), pool: pool, progress: { _ in }
        ) { layers, input in
            let values = input.matrix.elements
            let (least, greatest) = (values.min() ?? 0, values.max() ?? 0)
            for layer in layers {
                let known = spans[layer] ?? (least, greatest)
                spans[layer] = (min(known.least, least), max(known.greatest, greatest))
            }
        }
        self.spans = spans
    }

    /// Every n-th, so that they are no more than are taken.
    static func evenly(_ sentences: [String]) -> [String] {
        let step = (sentences.count + mostSentences - 1) / mostSentences
        return stride(from: 0, to: sentences.count, by: max(step, 1)).map { sentences[$0] }
    }

    /// How a layer's input is rounded.
    func rounding(of layer: String) -> Rounding {
        guard let span = spans[layer] else { preconditionFailure("\(layer) is no layer of the model") }
        return Rounding(least: span.least, greatest: span.greatest)
    }
}
