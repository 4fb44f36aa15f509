import ArgumentParser
import Evaluation
import Foundation
import Levels
import SparseKernels

/// `serving`
struct Serving: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a server that runs, at several rates, and tell how long answers take.",
        discussion: """
            Arrivals are random and wait for no answer. It speaks OpenAI's routes, so that other servers are asked the same.

              Benchmarks serving http://127.0.0.1:8080 --model minilm --texts data/fortunes.txt \\
                  --rates 100,200,400 --seconds 20
              Benchmarks serving http://127.0.0.1:8080 --model chat --chat --concurrent 4
            """)

    @Argument(help: "The server's address, such as http://127.0.0.1:8080.")
    var url: String

    @Option(help: "The model's name.")
    var model = "minilm"

    @Option(help: "A file of texts, a line each; requests take one after another.")
    var texts = "data/fortunes.txt"

    @Flag(help: "Ask for conversations instead of embeddings.")
    var chat = false

    @Option(help: "Tokens of an answer.")
    var maxTokens = 64

    @Option(parsing: .upToNextOption, help: "Requests per second.")
    var rates: [Double] = []

    @Option(help: "Instead of rates: so many that each ask again as soon as they have an answer.")
    var concurrent: Int?

    @Option(help: "Seconds of each rate.")
    var seconds = 20.0

    @Option(help: "Connections.")
    var connections = 256

    @Option(help: "What requests carry as a key.")
    var apiKey: String?

    @Option(help: "The server's process, whose memory is told.")
    var pid: Int32?

    @Option(help: "Fixes the times of requests.")
    var seed: UInt64 = 1

    @Flag(help: "Print a JSON object for each rate.")
    var json = false

    /// What is told of a rate.
    private struct Row: Encodable {
        let offered: Double
        let answered: Double
        let refused: Int
        let failed: Int
        let p50Ms: Double
        let p95Ms: Double
        let p99Ms: Double
        let tokensPerSecond: Double
        let residentMB: Double?
    }

    func run() throws {
        let address = try address()
        let lines = try String(contentsOfFile: texts, encoding: .utf8).split(separator: "\n").map(String.init)
        guard !lines.isEmpty else { throw Issue(.malformed, .path(texts), found: "no line") }
        let bodies = try lines.map { try body(of: $0) }
        let path = chat ? "/v1/chat/completions" : "/v1/embeddings"
        let generator = LoadGenerator(
            address: address, request: { address.request(path, bodies[$0 % bodies.count]) },
            connections: connections, seed: seed, makesTokens: chat)
        // What is computed once in a server's life is not of interest.
        _ = LoadGenerator(address: address, request: generator.request, connections: 4, seed: 0)
            .run(rate: 50, seconds: chat ? 0.1 : 1)
        if !json {
            print("offered/s  answered/s  refused  failed    p50 ms    p95 ms    p99 ms  tokens/s  memory MB")
        }
        if let concurrent {
            let busy = LoadGenerator(
                address: address, request: generator.request, connections: concurrent, seed: seed,
                makesTokens: chat)
            show(nil, busy.runBusy(seconds: seconds))
        } else {
            for rate in rates { show(rate, generator.run(rate: rate, seconds: seconds)) }
        }
    }

    private func address() throws -> ServerAddress {
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host,
            let port = parts.port.flatMap({ UInt16(exactly: $0) })
        else { throw Issue(.malformed, .other("address '\(url)'"), allowed: "http://ADDRESS:PORT") }
        return ServerAddress(host: host == "localhost" ? "127.0.0.1" : host, port: port, key: apiKey)
    }

    private struct EmbeddingBody: Encodable {
        let model: String
        let input: String
    }

    private struct ChatBody: Encodable {
        let model: String
        let messages: [[String: String]]
        let max_tokens: Int
        let temperature = 0.0
    }

    private func body(of text: String) throws -> [UInt8] {
        let encoder = JSONEncoder()
        return Array(
            try chat
                ? encoder.encode(
                    ChatBody(
                        model: model, messages: [["role": "user", "content": text]], max_tokens: maxTokens))
                : encoder.encode(EmbeddingBody(model: model, input: text)))
    }

    private func show(_ offered: Double?, _ outcome: LoadGenerator.Outcome) {
        let sorted = outcome.latencies.sorted()
        func percentile(_ part: Double) -> Double {
            sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))] * 1e3
        }
        let row = Row(
            offered: offered ?? outcome.throughput, answered: outcome.throughput,
            refused: outcome.statuses[429] ?? 0,
            failed: outcome.statuses.filter { $0.key != 200 && $0.key != 429 }.values.reduce(0, +),
            p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99),
            tokensPerSecond: Double(outcome.tokens) / max(outcome.seconds, 1e-9), residentMB: residentMB())
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            if let data = try? encoder.encode(row) { print(String(decoding: data, as: UTF8.self)) }
        } else {
            print(
                String(
                    format: "%9.1f  %10.1f  %7d  %6d  %8.1f  %8.1f  %8.1f  %8.1f  %9@", row.offered,
                    row.answered,
                    row.refused, row.failed, row.p50Ms, row.p95Ms, row.p99Ms, row.tokensPerSecond,
                    row.residentMB.map { String(format: "%.1f", $0) } ?? ""))
        }
        fflush(nil)
    }

    private func residentMB() -> Double? {
        guard let pid, let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let match = text.firstMatch(of: #/VmRSS:\s+(\d+) kB/#)
        else { return nil }
        return Double(match.1).map { $0 / 1e3 }
    }
}
