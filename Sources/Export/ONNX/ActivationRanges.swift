import Levels
import Models
import Tensors
import Transformers

/// The least and the greatest input of every layer over sentences, from which scales follow that are fixed
/// beforehand.
///
/// Whole numbers from 0 to 255 reach from the least to the greatest. Chosen by measurement with `Benchmarks
/// activation-scales`, MiniLM in int8, Spearman on STS-B dev and nDCG@10 on Cranfield: 0.8672 and 0.3807; spans about
/// zero by the largest magnitude 0.8628 and 0.3688, its 99.99th percentile 0.8679 and 0.3784, its 99.9th 0.8377 and
/// 0.3351, by the least squared error 0.8645 and 0.3792. With 16x1@0.5 it is the best in Spearman, too. GELU, whose
/// outputs are above −0.17, is why a zero point pays.
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
