import Levels
import ModelFiles
import Tensors

/// An encoder with a classifier on it, as transformers' `BertForSequenceClassification` and its like save it:
/// for BERT, tensors `bert.…`, `bert.pooler.dense` and `classifier`.
///
///     let model = try SequenceClassifier(folder: "models/cola", encoder: Encoder(folder: "models/cola"))
///     let logits = model.logits(of: sequences, pool: pool)   // [sequences × classes]
///
/// The encoder is what is pruned; the head stays as it is.
public struct SequenceClassifier: Sendable {
    public private(set) var encoder: Encoder
    private let head: ClassificationHead

    /// How many classes it tells apart; 1 where it gives a score instead.
    public var classes: Int { head.classes }

    /// Reads the head of a folder.
    ///
    /// - Parameter encoder: the folder's encoder, packed in any way.
    /// - Throws: `Issue` for a missing or malformed file, another class than that of the encoder's
    ///   family that classifies sequences, or a tensor of another shape than the configuration says.
    public init(folder: String, encoder: Encoder) throws {
        let checkpoint = try EncoderCheckpoint(
            folder: folder, architectures: Architectures([encoder.architecture]))
        let architectures = try checkpoint.configuration.json.architectures
        let architecture = checkpoint.configuration.description.classifier.className
        guard architectures.isEmpty || architectures.contains(architecture) else {
            throw Issue(
                .unsupported, .path(checkpoint.configuration.json.path), field: "architectures",
                found: architectures.joined(separator: ", "), allowed: "\(architecture)")
        }
        self.encoder = encoder
        head = try ClassificationHead(checkpoint)
    }

    /// Logits [sequences × classes] of sequences `[CLS] … [SEP]`, which must not be empty.
    ///
    /// Sequences are shared out among the threads as by ``Encoder/embed(_:pool:)``, and the result of one
    /// does not depend on which others there are, nor on the number of threads.
    ///
    /// - Parameter firsts: for pairs of sentences, how many tokens of each sequence are of its first one; the
    ///   others are of type 1. nil for single sentences.
    public func logits(of sequences: [[Int32]], firsts: [Int]? = nil, pool: ThreadPool) -> Matrix {
        precondition(sequences.allSatisfy { !$0.isEmpty }, "an empty sequence has no first token")
        precondition(firsts == nil || firsts?.count == sequences.count)
        let output = SharedRows(rows: sequences.count, columns: classes)
        encoder.forEachChunk(of: sequences, firsts: firsts, pool: pool) { chunk, batch, hidden in
            output.write(columnsOf: head.logits(hidden, batch: batch), firstRow: chunk.lowerBound)
        }
        return output.matrix
    }
}

extension SequenceClassifier: PrunableModel {
    /// Whole sequences.
    public static var usualPhase: Workload.Phase { .prefill }

    /// The encoder's.
    public var layerShapes: [LayerShape] { encoder.layerShapes }
    /// Number of parameters, the head included.
    public var parameterCount: Int { encoder.parameterCount }
    /// The encoder's linear operators by layer name.
    public var operators: [String: any LinearOperator] { encoder.operators }

    /// A layer's weight [rows × cols].
    /// - Throws: `Issue` for a name that is no layer's.
    public func weight(of layer: String) throws -> Matrix { try encoder.weight(of: layer) }

    /// A layer's bias.
    public func bias(of layer: String) -> [Float] { encoder.bias(of: layer) }

    /// The same classifier with other operators for some layers of the encoder.
    public func replacing(_ operators: [String: any LinearOperator]) -> SequenceClassifier {
        var model = self
        model.encoder = encoder.replacing(operators)
        return model
    }

    /// The same classifier with word embeddings in 8 bits.
    public func roundingWords() -> SequenceClassifier {
        var model = self
        model.encoder = encoder.roundingWords()
        return model
    }

    /// The encoder's, and the head.
    public var otherSizeBytes: Int { encoder.otherSizeBytes }

    /// The classifier itself.
    public var forProfiling: SequenceClassifier { self }

    /// Memory for passes of a workload.
    public func memory(for workload: Workload, threads: Int) -> EncoderPassMemory {
        encoder.memory(for: workload, threads: threads)
    }

    /// Runs one pass of the encoder on made-up tokens. The head, which sees one token of each sequence, is
    /// left out: nothing that is pruned makes it faster.
    public func pass(_ workload: Workload, _ memory: EncoderPassMemory, pool: ThreadPool, times: LayerTimes?)
    {
        encoder.pass(workload, memory, pool: pool, times: times)
    }

    /// Runs over single sentences and shows the input of every linear layer.
    public func observeInputs(
        of sequences: [[Int32]], pool: ThreadPool, progress: (Double) -> Void,
        observer: @escaping InputObserver
    ) {
        encoder.observeInputs(of: sequences, pool: pool, progress: progress, observer: observer)
    }
}
