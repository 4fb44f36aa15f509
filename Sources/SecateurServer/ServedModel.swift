import Evaluation
import Foundation
import Levels
import Secateur
import Tensors

/// What is asked of encoders and classifiers, of all of them in one queue, so that there is a thread for each processor
/// and no more.
typealias EncoderQueue = BatchQueue<ServedModel.Input, Matrix>

/// A model that is served, with the queue of what is asked of it.
final class ServedModel: Sendable {
    /// What is computed together: embeddings with one prompt and length, hidden states, or logits.
    fileprivate enum Work: Hashable, Sendable {
        case embed(prompt: String?, Model.Length)
        case embedTokens
        case classify
    }

    /// A text for a model.
    struct Input: Sendable {
        /// The model, for each thread of the queue.
        fileprivate let models: [Model]
        fileprivate let name: String
        fileprivate let work: Work
        fileprivate let sequence: Model.Sequence
    }

    /// Rows [rows × columns] of an input: one for an embedding or logits, one for each token else.
    typealias Rows = Matrix

    /// What its requests call it.
    let name: String
    let model: Model
    /// When it was loaded, in seconds since 1970.
    let loaded = Int(Date().timeIntervalSince1970)
    private let queue: EncoderQueue?
    private let models: [Model]
    /// Of a language model.
    let texts: GenerationQueue?

    /// Starts to serve a model.
    ///
    /// - Throws: `Issue` for a context that the model does not take.
    init(
        _ name: String, _ model: Model, _ queue: EncoderQueue, _ settings: ServerSettings, _ metrics: Metrics
    ) throws {
        (self.name, self.model) = (name, model)
        guard model.ability == .generates else {
            texts = nil
            models = (0..<settings.threads).map { _ in model.computing(on: ThreadPool()) }
            self.queue = queue
            return
        }
        models = []
        self.queue = nil
        texts = try GenerationQueue(
            model, places: settings.maxTexts, capacity: min(settings.contextTokens, model.maximumTokens),
            onStep: { tokens, reused in
                metrics.add(.generatedTokens, tokens)
                metrics.add(.reusedTokens, reused)
            })
    }

    /// The queue of encoders.
    static func queue(_ settings: ServerSettings, _ metrics: Metrics) -> EncoderQueue {
        EncoderQueue(
            workers: settings.threads, maximumTokens: settings.maxBatchTokens,
            onBatch: { items, tokens in
                metrics.observe(.batchSize, Double(items))
                metrics.observe(.batchTokens, Double(tokens))
            }, compute: compute)
    }

    /// What a request's computation came to.
    struct Result: Sendable {
        let rows: [Rows]
        let waited: Duration
        let computed: Duration
    }

    /// Embeddings.
    func embed(_ sequences: [Model.Sequence], prompt: String?, length: Model.Length) async throws -> Result {
        try await submit(sequences, .embed(prompt: prompt, length))
    }

    /// Hidden states of every token.
    func embedTokens(_ sequences: [Model.Sequence]) async throws -> Result {
        try await submit(sequences, .embedTokens)
    }

    /// Logits.
    func classify(_ sequences: [Model.Sequence]) async throws -> Result {
        try await submit(sequences, .classify)
    }

    private func submit(_ sequences: [Model.Sequence], _ work: Work) async throws -> Result {
        guard let queue else {
            throw RequestFailure(.backend, "model '\(name)' generates text, and does nothing else")
        }
        let answer = try await queue.submit(
            sequences.map {
                (Input(models: models, name: name, work: work, sequence: $0), $0.ids.count)
            })
        return Result(rows: answer.outputs, waited: answer.waited, computed: answer.computed)
    }

    private struct Group: Hashable {
        let name: String
        let work: Work
    }

    private static func compute(_ worker: Int, _ inputs: [Input]) throws -> [Rows] {
        var outputs = [Rows?](repeating: nil, count: inputs.count)
        let groups = Dictionary(grouping: inputs.indices) {
            Group(name: inputs[$0].name, work: inputs[$0].work)
        }
        for (group, indices) in groups {
            let sequences = indices.map { inputs[$0].sequence }
            let model = inputs[indices[0]].models[worker]
            let rows: [Rows] =
                switch group.work {
                case .embed(let prompt, let length):
                    try model.embeddings(of: sequences, prompt: prompt, length: length).singleRows
                case .embedTokens: try model.tokenEmbeddings(of: sequences)
                case .classify: try model.logits(of: sequences).singleRows
                }
            for (index, row) in zip(indices, rows) { outputs[index] = row }
        }
        return outputs.compactMap(\.self)
    }
}

extension Matrix {
    /// Each row as a matrix of its own.
    fileprivate var singleRows: [Matrix] {
        (0..<rows).map { Matrix(rows: 1, columns: columns, elements: Array(row($0))) }
    }
}

/// The models of a server, by name.
struct ServedModels: Sendable {
    /// In the order in which they were named.
    let all: [ServedModel]
    /// What waits for encoders.
    let queue: EncoderQueue

    /// Inputs and texts that wait.
    var waiting: Int { queue.count + all.reduce(0) { $0 + ($1.texts?.count ?? 0) } }

    /// The model that a request names; where it names none, the first with an ability.
    ///
    /// - Throws: `RequestFailure` for a name that there is not, or no model with the ability.
    func model(named name: String?, _ abilities: Set<Model.Ability>) throws -> ServedModel {
        if let name {
            guard let model = all.first(where: { $0.name == name }) else {
                throw RequestFailure(
                    .notFound,
                    "model: found '\(name)', allowed \(all.map { "'\($0.name)'" }.joined(separator: ", "))",
                    parameter: "model")
            }
            guard abilities.contains(model.model.ability) else {
                throw RequestFailure(
                    .backend, "model '\(name)' \(model.model.ability.rawValue), and nothing else",
                    parameter: "model")
            }
            return model
        }
        guard let model = all.first(where: { abilities.contains($0.model.ability) }) else {
            throw RequestFailure(
                .backend,
                "no model here \(abilities.map(\.rawValue).sorted().joined(separator: " or "))")
        }
        return model
    }
}
