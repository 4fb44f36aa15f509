import Environments
import Foundation
import Levels
import Secateur
import SecateurHeader

private typealias Environments = Handle<SearchEnvironment>

@c @implementation
public func secateur_search(
    _ options: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?, _ cache: UnsafePointer<CChar>?,
    _ take: secateur_take_piece?, _ context: UnsafeMutableRawPointer?
) -> secateur_status {
    status {
        guard let take else { throw nullPointer("take") }
        let search = Search(
            try Search.options(json: Data(try text(options, nil, "options").utf8)),
            output: try text(output, nil, "output"),
            cache: try cache.map { try text($0, nil, "cache") } ?? Search.standardCache)
        var isStopped = false
        _ = try search.run(shouldStop: { isStopped }) { event in
            guard !isStopped, let line = event.json else { return }
            isStopped = !give(line, take, context)
        }
    }
}

@c @implementation
public func secateur_run_read(
    _ run: UnsafePointer<CChar>?, _ part: UnsafePointer<CChar>?, _ take: secateur_take_piece?,
    _ context: UnsafeMutableRawPointer?
) -> secateur_status {
    status {
        guard let take else { throw nullPointer("take") }
        let json = try Run(try text(run, nil, "run")).json(try text(part, nil, "part"))
        _ = give(String(decoding: json, as: UTF8.self), take, context)
    }
}

private func give(_ text: String, _ take: secateur_take_piece, _ context: UnsafeMutableRawPointer?) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { take($0.baseAddress, $0.count, context) }
    }
}

extension Search.Event {
    /// A line for programs; nil for what they need not know.
    fileprivate var json: String? {
        struct Line: Encodable {
            var stage: String?
            var fraction: Double?
            var evaluation: Int?
            var reward: Double?
            var note: String?
        }
        let line: Line
        switch self {
        case .stage(let stage, let fraction): line = Line(stage: stage, fraction: fraction)
        case .evaluated(let row): line = Line(evaluation: row.evaluation, reward: row.terms.reward)
        case .note(let text): line = Line(note: text)
        case .prepared, .finished: return nil
        }
        return (try? JSONEncoder().encode(line)).map { String(decoding: $0, as: UTF8.self) }
    }
}

@c @implementation
public func secateur_environment_open(
    _ run: UnsafePointer<CChar>?, _ cache: UnsafePointer<CChar>?,
    _ environment: UnsafeMutablePointer<OpaquePointer?>?
) -> secateur_status {
    status {
        try Environments.open(to: environment) {
            try SearchEnvironment(
                run: try text(run, nil, "run"), cache: try cache.map { try text($0, nil, "cache") })
        }
    }
}

@c @implementation
public func secateur_environment_close(_ environment: OpaquePointer?) {
    Environments.close(environment)
}

@c @implementation
public func secateur_environment_layers(_ environment: OpaquePointer?) -> Int {
    (try? Environments.value(at: environment).costs.layers.count) ?? 0
}

@c @implementation
public func secateur_environment_levels(_ environment: OpaquePointer?) -> Int {
    (try? Environments.value(at: environment).costs.levels.count) ?? 0
}

@c @implementation
public func secateur_environment_features(_ environment: OpaquePointer?) -> Int {
    (try? Environments.value(at: environment).features) ?? 0
}

@c @implementation
public func secateur_environment_reset(
    _ environment: OpaquePointer?, _ target: Double, _ features: UnsafeMutablePointer<Float>?,
    _ mask: UnsafeMutablePointer<Bool>?
) -> secateur_status {
    status {
        let found = try Environments.value(at: environment)
        guard target >= 0, target <= 1 else {
            throw Issue(
                .outOfRange, .option("target"), found: "\(target)",
                allowed: "more than 0 and at most 1, or 0 for the run's")
        }
        try writeState(
            try found.reset(target: target == 0 ? nil : .fraction(target)), to: features, mask)
    }
}

@c @implementation
public func secateur_environment_step(
    _ environment: OpaquePointer?, _ action: Int, _ features: UnsafeMutablePointer<Float>?,
    _ mask: UnsafeMutablePointer<Bool>?, _ terminated: UnsafeMutablePointer<Bool>?,
    _ terms: UnsafeMutablePointer<secateur_terms>?
) -> secateur_status {
    status {
        guard let terminated else { throw nullPointer("terminated") }
        guard let terms else { throw nullPointer("terms") }
        switch try Environments.value(at: environment).step(action) {
        case .next(let observation):
            try writeState(observation, to: features, mask)
            terminated.pointee = false
        case .terminated(let found):
            terms.pointee = secateur_terms(
                reward: found.reward, quality: found.quality, latency_ms: found.latencyMs,
                size_bytes: found.sizeBytes)
            terminated.pointee = true
        }
    }
}

private func writeState(
    _ observation: Observation, to features: UnsafeMutablePointer<Float>?, _ mask: UnsafeMutablePointer<Bool>?
) throws {
    guard let mask else { throw nullPointer("mask") }
    try write(observation.features, to: features, "features")
    for (place, isAllowed) in observation.mask.enumerated() { mask[place] = isAllowed }
}
