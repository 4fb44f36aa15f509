import Foundation
import Levels
import ModelFiles
import Runs

extension Search {
    /// The options that a JSON object says: fields of `run.json`, of which `model`, `task`, `train` and `targetLatency` have no
    /// default. Latencies are a fraction of dense, or texts such as `12ms`; `recover` is a text such as `10m` or `none`.
    ///
    /// - Throws: `Issue` for what is no such object, by the field.
    package static func options(json: Data) throws -> Options {
        let subject = Issue.Subject.other("options")
        guard var given = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            throw Issue(.malformed, subject, found: "no JSON object", allowed: "fields and values")
        }
        if let unknown = given.keys.sorted().first(where: { !Options.fields.contains($0) }) {
            throw Issue(
                .unsupported, subject, field: .key(unknown), found: "an unknown field",
                allowed: Options.fields.sorted().joined(separator: ", "))
        }
        func text(_ key: String) throws -> String {
            guard let text = given[key] as? String else {
                throw Issue(.missing, subject, field: .key(key), allowed: "a text")
            }
            return text
        }
        func latency(_ key: String) throws -> LatencyTarget {
            guard let value = given[key] else {
                throw Issue(
                    .missing, subject, field: .key(key), allowed: "a fraction of dense, or milliseconds")
            }
            guard let latency = LatencyTarget("\(value)") else {
                throw Issue(
                    .malformed, subject, field: .key(key), found: "'\(value)'",
                    allowed: "a fraction of dense up to 1, or milliseconds such as 12ms")
            }
            return latency
        }
        var options = Options(
            model: try text("model"), task: try text("task"), train: try text("train"),
            targetLatency: try latency("targetLatency"), threads: Runtime.usableProcessors)
        if given["mildestLatency"] != nil { options.mildestLatency = try latency("mildestLatency") }
        if given["recover"] != nil {
            let length = try text("recover")
            guard length == "none" || RecoveryLength(length) != nil else {
                throw Issue(
                    .malformed, subject, field: .key("recover"), found: "'\(length)'",
                    allowed: "a time such as 10m, a number of steps, or none")
            }
            options.recover = RecoveryLength(length)
        }
        for key in ["model", "task", "train", "targetLatency", "mildestLatency", "recover"] {
            given[key] = nil
        }
        let base =
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(options)) as? [String: Any] ?? [:]
        let merged = try JSONSerialization.data(withJSONObject: base.merging(given) { $1 })
        do {
            options = try JSONDecoder().decode(Options.self, from: merged)
        } catch let DecodingError.typeMismatch(_, context), let DecodingError.valueNotFound(_, context),
            let DecodingError.dataCorrupted(context)
        {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw Issue(.malformed, subject, field: .key(key), advice: context.debugDescription)
        }
        if let wrong = options.outOfRange { throw Issue(.outOfRange, subject, advice: wrong) }
        return options
    }
}

extension Run {
    /// A part of the run as JSON: `options`, `summary` (null before the end), `policy`, or `trace`, whose columns are lists.
    ///
    /// - Throws: `Issue` for another part; errors that name the damaged file.
    package func json(_ part: String) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Python reads these.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        switch part {
        case "options": return try encoder.encode(options())
        case "summary": return try encoder.encode(summary())
        case "policy": return try encoder.encode(policy())
        case "trace": return try encoder.encode(TraceColumns(RunFiles(folder: folder).recordedTrace()))
        default:
            throw Issue(
                .unsupported, .option("part"), found: "'\(part)'", allowed: "options, summary, policy, trace")
        }
    }
}

/// A trace by columns.
private struct TraceColumns: Encodable {
    let layers: [String]
    let levels: [String]
    let evaluation: [Int]
    let actions: [[Int]]
    let reward: [Double]
    let quality: [Double]
    let latencyMs: [Double]
    let sizeBytes: [Int]
    let baseline: [Double]
    let tokenPasses: [Int]
    let wallClockSeconds: [Double]

    init(_ trace: (header: TraceHeader, rows: [TraceRow])) {
        (layers, levels) = (trace.header.layers, trace.header.levels)
        let rows = trace.rows
        (evaluation, actions) = (rows.map(\.evaluation), rows.map(\.actions))
        (reward, quality) = (rows.map(\.terms.reward), rows.map(\.terms.quality))
        (latencyMs, sizeBytes) = (rows.map(\.terms.latencyMs), rows.map(\.terms.sizeBytes))
        (baseline, tokenPasses) = (rows.map(\.baseline), rows.map(\.tokenPasses))
        wallClockSeconds = rows.map(\.wallClockSeconds)
    }
}
