import Foundation
import Synchronization

/// What a server counts, in Prometheus' text format; names are text-embeddings-inference's where they mean the same.
final class Metrics: Sendable {
    /// A number that only grows.
    enum Counter: String, CaseIterable, Sendable {
        case requests = "te_request_count"
        case successes = "te_request_success"
        case failures = "te_request_failure"
        case inputs = "te_embed_count"
        case generatedTokens = "secateur_generated_tokens"
        case reusedTokens = "secateur_reused_prompt_tokens"

        var help: String {
            switch self {
            case .requests: "Requests, by route."
            case .successes: "Requests that were answered with what they asked for, by route."
            case .failures: "Requests that failed, by why."
            case .inputs: "Texts and pairs that were embedded or classified."
            case .generatedTokens: "Tokens that language models made."
            case .reusedTokens: "Tokens of prompts that did not have to be computed again."
            }
        }
    }

    /// A number that is now.
    enum Gauge: String, CaseIterable, Sendable {
        case queueSize = "te_queue_size"
        case inFlight = "secateur_requests_in_flight"

        var help: String {
            switch self {
            case .queueSize: "Inputs and texts that wait."
            case .inFlight: "Requests that are being answered."
            }
        }
    }

    /// A distribution.
    enum Histogram: String, CaseIterable, Sendable {
        case duration = "te_request_duration"
        case tokenization = "te_request_tokenization_duration"
        case queueing = "te_request_queue_duration"
        case inference = "te_request_inference_duration"
        case batchSize = "te_batch_next_size"
        case batchTokens = "te_batch_next_tokens"

        var help: String {
            switch self {
            case .duration: "Seconds from a request's arrival to its answer."
            case .tokenization: "Seconds that a request's tokenization took."
            case .queueing: "Seconds that a request waited."
            case .inference: "Seconds that a request was computed."
            case .batchSize: "Inputs of a batch."
            case .batchTokens: "Tokens of a batch."
            }
        }

        /// Upper bounds.
        var bounds: [Double] {
            switch self {
            case .batchSize: (0..<12).map { pow(2, Double($0)) }
            case .batchTokens: (4..<17).map { pow(2, Double($0)) }
            default: (0..<20).map { 0.0001 * pow(2, Double($0)) }
            }
        }
    }

    private struct Distribution {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }

    private struct State {
        var counters: [Counter: [String: Int]] = [:]
        var gauges: [Gauge: Int] = [:]
        var histograms: [Histogram: Distribution] = [:]
    }

    private let state = Mutex(State())

    /// Adds to a counter.
    ///
    /// - Parameter label: such as `route="/embed"`.
    func add(_ counter: Counter, _ count: Int = 1, label: String = "") {
        state.withLock { $0.counters[counter, default: [:]][label, default: 0] += count }
    }

    /// Sets a gauge.
    func set(_ gauge: Gauge, _ value: Int) {
        state.withLock { $0.gauges[gauge] = value }
    }

    /// Takes a value into a distribution.
    func observe(_ histogram: Histogram, _ value: Double) {
        state.withLock { state in
            let bounds = histogram.bounds
            var distribution =
                state.histograms[histogram] ?? Distribution(counts: Array(repeating: 0, count: bounds.count))
            if let place = bounds.firstIndex(where: { value <= $0 }) { distribution.counts[place] += 1 }
            distribution.sum += value
            distribution.count += 1
            state.histograms[histogram] = distribution
        }
    }

    /// Takes a duration into a distribution of seconds.
    func observe(_ histogram: Histogram, _ duration: Duration) {
        observe(histogram, duration / .seconds(1))
    }

    /// Everything, in Prometheus' text format.
    var text: String {
        let state = state.withLock { $0 }
        var lines: [String] = []
        func head(_ name: String, _ help: String, _ type: String) {
            lines += ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"]
        }
        for counter in Counter.allCases {
            head(counter.rawValue, counter.help, "counter")
            for (label, value) in (state.counters[counter] ?? ["": 0]).sorted(by: { $0.key < $1.key }) {
                lines.append("\(counter.rawValue)\(label.isEmpty ? "" : "{\(label)}") \(value)")
            }
        }
        for gauge in Gauge.allCases {
            head(gauge.rawValue, gauge.help, "gauge")
            lines.append("\(gauge.rawValue) \(state.gauges[gauge] ?? 0)")
        }
        for histogram in Histogram.allCases {
            head(histogram.rawValue, histogram.help, "histogram")
            let bounds = histogram.bounds
            let distribution = state.histograms[histogram]
            var total = 0
            for (bound, count) in zip(bounds, distribution?.counts ?? bounds.map { _ in 0 }) {
                total += count
                lines.append("\(histogram.rawValue)_bucket{le=\"\(bound)\"} \(total)")
            }
            lines.append("\(histogram.rawValue)_bucket{le=\"+Inf\"} \(distribution?.count ?? 0)")
            lines.append("\(histogram.rawValue)_sum \(distribution?.sum ?? 0)")
            lines.append("\(histogram.rawValue)_count \(distribution?.count ?? 0)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
