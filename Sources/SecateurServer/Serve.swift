import ArgumentParser
import Foundation
import Hummingbird
import Levels
import Logging
import NIOCore
import Secateur
import ServiceLifecycle

/// `secateur serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer requests over HTTP, by the routes that clients already speak.",
        discussion: """
            Models are model folders, run folders or GGUF files; NAME=PATH gives one another name than its folder's.
            OpenAI's routes are /v1/embeddings, /v1/chat/completions, /v1/completions and /v1/models; those of \
            text-embeddings-inference /embed, /embed_all, /predict, /rerank, /similarity, /tokenize, /info and /health; \
            /metrics is for Prometheus.

              secateur serve checkpoints/minilm --port 8080
              secateur serve search=checkpoints/minilm chat=models/smollm2 --precision int8
              curl 127.0.0.1:8080/embed -d '{"inputs": "What is a tree?"}'

            Options can be set in the environment too, as SECATEUR_ and their name: SECATEUR_MAX_BATCH_TOKENS. What is \
            typed counts more. SIGTERM lets requests end that have begun.
            """)

    @Argument(
        help: ArgumentHelp("What to serve.", valueName: "model"), completion: .directory)
    var models: [String]

    @Option(help: "The address to listen on. Default: 127.0.0.1, which is this machine alone.")
    var host: String?

    @Option(help: "The port; 0 for a free one. Default: 8080.")
    var port: Int?

    @Option(help: "What requests must carry as 'Authorization: Bearer KEY'. Default: anyone may ask.")
    var apiKey: String?

    @Option(help: "Tokens of a batch of texts that one thread computes together. Default: 512.")
    var maxBatchTokens: Int?

    @Option(help: "Inputs of one request. Default: 32.")
    var maxClientBatchSize: Int?

    @Option(help: "Requests at a time; more are answered with status 429 at once. Default: 512.")
    var maxConcurrentRequests: Int?

    @Option(help: "Texts that a language model continues at a time; others wait. Default: 8.")
    var maxTexts: Int?

    @Option(help: "Tokens of such a text, its prompt included. Default: 2048.")
    var contextTokens: Int?

    @Option(help: "Bytes of a request's body. Default: 2000000.")
    var payloadLimit: Int?

    @Option(help: "Seconds in which a request must arrive. Default: 30.")
    var readTimeout: Int?

    @Option(help: "Whether texts that are too long are cut where a request does not say. Default: true.")
    var autoTruncate: Bool?

    @Option(
        help:
            "How products are computed of layers that the model's files say nothing of: float32, bfloat16, int8 or int4. Default: float32."
    )
    var precision: String?

    @Option(help: "Threads to compute on. Default: one for each processor that this program may use.")
    var threads: Int?

    func run() async throws {
        let settings = try settings(ProcessInfo.processInfo.environment)
        let metrics = Metrics()
        let service = Service(settings, try loaded(settings, metrics), metrics)
        let program = HTTPProgram(
            host: settings.host, port: settings.port, idleTimeout: settings.readTimeout + 1)
        try await program.run(service.router().buildResponder()) { address in
            let names = service.models.all.map(\.name).joined(separator: ", ")
            Self.note("\(names): served at \(address)")
        }
    }

    static func note(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    private func loaded(_ settings: ServerSettings, _ metrics: Metrics) throws -> ServedModels {
        let pool = try Runtime.pool(threads: settings.threads)
        let queue = ServedModel.queue(settings, metrics)
        var served: [ServedModel] = []
        for argument in models {
            let (name, path) = Self.nameAndPath(argument)
            guard !served.contains(where: { $0.name == name }) else {
                throw Issue(
                    .exists, .other("model '\(name)'"), advice: "give one another name by NAME=PATH")
            }
            let model = try Model(path, precision: settings.precision, pool: pool)
            served.append(try ServedModel(name, model, queue, settings, metrics))
        }
        return ServedModels(all: served, queue: queue)
    }

    /// `NAME=PATH`, or a path, named by its last part.
    static func nameAndPath(_ argument: String) -> (name: String, path: String) {
        if let mark = argument.firstIndex(of: "="), mark != argument.startIndex,
            !argument[..<mark].contains("/")
        {
            return (String(argument[..<mark]), String(argument[argument.index(after: mark)...]))
        }
        let name = URL(fileURLWithPath: argument).lastPathComponent
        return (name, argument)
    }

    // MARK: Settings

    /// What was typed, else what the environment says, else what is usual; within what is allowed.
    private func settings(_ environment: [String: String]) throws -> ServerSettings {
        var settings = ServerSettings()
        let source = SettingSource(environment: environment)
        try source.set(&settings.host, "host", host)
        try source.set(&settings.port, "port", port, in: 0...65_535)
        try source.set(&settings.apiKey, "apiKey", apiKey)
        try source.set(&settings.maxBatchTokens, "maxBatchTokens", maxBatchTokens, in: 1...1_000_000)
        try source.set(
            &settings.maxClientBatchSize, "maxClientBatchSize", maxClientBatchSize, in: 1...100_000)
        try source.set(
            &settings.maxConcurrentRequests, "maxConcurrentRequests", maxConcurrentRequests, in: 1...100_000)
        try source.set(&settings.maxTexts, "maxTexts", maxTexts, in: 1...256)
        try source.set(&settings.contextTokens, "contextTokens", contextTokens, in: 2...1_000_000)
        try source.set(&settings.payloadLimit, "payloadLimit", payloadLimit, in: 1...1_000_000_000)
        try source.set(&settings.readTimeout, "readTimeout", readTimeout, in: 1...3600)
        try source.set(&settings.autoTruncate, "autoTruncate", autoTruncate)
        settings.threads = Runtime.usableProcessors
        try source.set(&settings.threads, "threads", threads, in: 1...256)
        var name = settings.precision.name
        try source.set(&name, "precision", precision)
        settings.precision = try .standard(named: name, option: "precision")
        return settings
    }

    /// A field as its flag, or as its environment variable.
    static func flag(of subject: Issue.Subject) -> String {
        switch subject {
        case .path(let name), .other(let name): name
        case .option(let field): "--" + SettingSource.words(field, "-").lowercased()
        }
    }
}

/// Where settings are from.
struct SettingSource {
    let environment: [String: String]

    /// `max-batch-tokens` of `maxBatchTokens`.
    static func words(_ field: String, _ separator: String) -> String {
        field.replacing(#/[A-Z]/#) { "\(separator)\($0.output)" }
    }

    /// `SECATEUR_MAX_BATCH_TOKENS` of `maxBatchTokens`.
    static func variable(_ field: String) -> String { "SECATEUR_" + words(field, "_").uppercased() }

    /// Sets a setting to what was typed, or else to what its variable says.
    func set<Value: LosslessStringConvertible>(
        _ setting: inout Value, _ field: String, _ typed: Value?
    ) throws {
        if let typed {
            setting = typed
        } else if let text = environment[Self.variable(field)] {
            guard let value = Value(text) else {
                throw Issue(
                    .malformed, .other(Self.variable(field)), found: "'\(text)'",
                    allowed: Value.self == Bool.self ? "true or false" : "a number")
            }
            setting = value
        }
    }

    /// The same for a text that need not be there.
    func set(_ setting: inout String?, _ field: String, _ typed: String?) throws {
        setting = typed ?? environment[Self.variable(field)] ?? setting
    }

    /// The same within a range.
    func set(_ setting: inout Int, _ field: String, _ typed: Int?, in range: ClosedRange<Int>) throws {
        try set(&setting, field, typed)
        guard range.contains(setting) else {
            let subject: Issue.Subject = typed == nil ? .other(Self.variable(field)) : .option(field)
            throw Issue(
                .outOfRange, subject, found: "\(setting)",
                allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
    }
}
