import ArgumentParser
import Foundation
import Levels
import ModelFiles
import Models
import Runs
import Search
import SparseKernels
import Tensors
import Tokenizers
import Transformers

/// `--threads`
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads to compute with. Default: one for each processor that this program may use.")
    var threads = MachineOptions.processors

    func validate() throws {
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads: found \(threads), allowed 1 to 256")
        }
    }
}

/// Reads a level that leaves something of a layer.
@Sendable func levelOfLayers(_ text: String) throws -> Level {
    try parsed(Level.wholeForm) { text in Level(text).flatMap { $0.isRemoved ? nil : $0 } }(text)
}

/// Options that several commands share.
struct MachineOptions: ParsableArguments {
    @OptionGroup var threading: ThreadOptions

    /// Threads to compute with.
    var threads: Int { threading.threads }

    /// How many processors this program may use.
    static let processors = UsableProcessors.count()

    @Option(help: "Tokens of a sequence. Default: 128; 512 for a language model.")
    var tokens: Int?

    func validate() throws {
        if let tokens, !(1...8192).contains(tokens) {
            throw ValidationError("--tokens: found \(tokens), allowed 1 to 8192")
        }
    }

    /// Tells a person when other programs leave fewer processors free than are to be measured: latencies
    /// would be off, and a target could seem to be out of reach.
    func noteBusyProcessors() {
        guard Terminal.isRead, let busy = ProcessorLoad.ofOthers(),
            let note = Self.busyNote(busy: busy, processors: UsableProcessors.permitted(), threads: threads)
        else { return }
        Terminal.note(note)
    }

    /// The note, if there is a reason for one.
    ///
    /// - Parameter busy: processors that others use, on average.
    static func busyNote(busy: Double, processors: Int, threads: Int) -> String? {
        // What an idle system does by the way is no reason.
        guard Double(processors) - busy + 0.3 < Double(min(threads, processors)) else { return nil }
        return
            "other programs keep \(Terminal.decimal(busy, 1)) of \(processors.counted("processor")) busy: close them, or what is "
            + "measured on \(threads.counted("thread")) will be off"
    }

    /// Tokens of a sequence for a model, within what it takes.
    func tokens(for model: some SearchableModel) throws -> Int {
        let tokens = tokens ?? type(of: model).standardTokens
        guard tokens <= model.maximumTokens else {
            throw Issue(
                .outOfRange, .option("tokens"), found: "\(tokens)", allowed: "\(model.maximumTokens) at most")
        }
        return tokens
    }
}

/// Which sentences of a training file are taken, and for what.
struct SamplingOptions: ParsableArguments {
    @Option(help: "Fixes all random choices. Default: 1.")
    var seed: UInt64?

    @Option(
        help: """
            Sentences of the training file to calibrate on; of texts longer than 32 tokens on average fewer, that have \
            as many tokens. Default: 512.
            """)
    var calibrationSentences: Int?

    @Option(
        help: """
            Sentences of the training file that a search computes rewards on, of long texts likewise fewer. \
            Default: 600; others pick the final policy.
            """)
    var rewardSentences: Int?

    func validate() throws {
        guard calibrationSentences ?? 2 >= 2, rewardSentences ?? 4 >= 4 else {
            throw ValidationError(
                "--calibration-sentences and --reward-sentences: found \(calibrationSentences ?? 2) and "
                    + "\(rewardSentences ?? 4), allowed 2 and 4 or more")
        }
    }

    /// Takes over what is given.
    func set(_ options: inout SearchOptions) {
        options.seed = seed ?? options.seed
        options.calibrationSentences = calibrationSentences ?? options.calibrationSentences
        options.rewardSentences = rewardSentences ?? options.rewardSentences
    }
}

extension OutputPath: ExpressibleByArgument {
    /// Takes any text; the command says what it is to be.
    public init?(argument: String) { self.init(argument) }
}

/// Reads what is typed for an option, and says what is allowed where it is wrong.
func parsed<Value>(_ allowed: String, _ read: @escaping @Sendable (String) -> Value?)
    -> @Sendable (String) throws -> Value
{
    { text in
        guard let value = read(text) else { throw ValidationError("allowed \(allowed)") }
        return value
    }
}

/// The same for what says itself what is allowed.
func parsedThrowing<Value>(
    _ read: @escaping @Sendable (String) throws -> Value
) -> @Sendable (String) throws -> Value {
    { text in
        do { return try read(text) } catch {
            // The parser names the flag before.
            throw ValidationError((error as? Issue)?.facts ?? "\(error)")
        }
    }
}

/// Where level databases are kept.
struct CacheOptions: ParsableArguments {
    @Option(
        help: """
            Folder that keeps level databases and dense scores for the next search of the same model; the run's, or \
            in the user's cache.
            """, completion: .directory)
    var cache: String?

    /// The folder, for something new.
    var folder: String { cache ?? SharedCache.standard }

    /// The folder, for what continues from a run.
    func folder(ofRun run: String) throws -> String {
        try cache ?? RunFiles(folder: run).cache() ?? SharedCache.standard
    }
}

/// What a command line names as a model: a model folder, or a run folder with a model in it.
enum ModelArgument {
    /// Loads an encoder.
    ///
    /// - Parameter prompt: the name of what goes before every sentence. Default: the model's own.
    static func load(_ path: String, prompt: String? = nil) throws -> EncoderModel {
        try EncoderModel(folder: folder(path), prompt: prompt)
    }

    /// Loads an encoder with a classifier.
    static func loadClassifier(_ path: String) throws -> ClassifierModel {
        try ClassifierModel(folder: folder(path))
    }

    /// Loads an encoder or a language model.
    ///
    /// - Parameter precision: of every layer.
    static func loadAny(_ path: String, precision: Precision = .float32) throws -> any SearchableModel {
        let path = folder(path)
        if DecoderModel.isAt(path) { return try DecoderModel(path: path, precision: precision) }
        return try EncoderModel(path: path, precision: precision)
    }

    /// Whether it is a language model.
    static func isDecoder(_ path: String) -> Bool {
        DecoderModel.isAt(folder(path))
    }

    /// What a model is calibrated for where no task is named.
    static func usualTask(of path: String) -> String {
        isDecoder(path) ? LanguageTask().name : AgreementTask().name
    }

    /// A language model's tokenizer.
    static func tokenizer(_ path: String) throws -> Tokenizer {
        try DecoderModel.tokenizer(path: folder(path))
    }

    /// Loads a language model.
    static func loadDecoder(_ path: String, precision: Precision = .float32) throws -> DecoderModel {
        try DecoderModel(path: folder(path), precision: precision)
    }

    /// The model's own folder or file.
    static func folder(_ path: String) -> String { ModelLocation.folder(path) }
}
