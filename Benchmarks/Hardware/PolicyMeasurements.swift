import Foundation
import Levels
import ModelFiles
import Tensors

/// What policies take and give under instruction sets, asked of the `secateur` command; each answer is kept in
/// a file, and not asked for again.
struct PolicyMeasurements {
    let program: SecateurProgram
    /// The dense model.
    let model: String
    let tokens: Int
    let task: String
    /// Held-out data.
    let data: String
    /// The folder of the answers.
    let folder: String

    /// Latencies of a policy's model and of the dense one, measured alternating.
    struct Latency: Codable {
        let medianMs, denseMedianMs, speedup: Double
        let isa: String

        /// As a fraction of dense.
        var fraction: Double { 1 / speedup }
    }

    /// A score.
    struct Quality: Codable {
        let metric: String
        let value: Double
    }

    /// The latency of a policy.
    ///
    /// - Parameter pruned: gives the folder of its model.
    func latency(
        of policy: [Level], on isa: InstructionSet, _ pruned: () throws -> String
    ) throws -> Latency {
        try kept("latency", isa, policy, asked: ["\(tokens)"]) {
            let arguments = [
                "benchmark", try pruned(), "--against", model, "--threads", "1", "--tokens", "\(tokens)",
                "--json",
            ]
            let latency: Latency = try answer(arguments, on: isa)
            guard latency.isa == isa.rawValue else {
                throw Issue(
                    .mismatch, .other("secateur benchmark"), found: "kernels of \(latency.isa)",
                    allowed: isa.rawValue)
            }
            return latency
        }
    }

    /// The score of a policy on the held-out data.
    ///
    /// - Parameter pruned: gives the folder of its model.
    func quality(
        of policy: [Level], on isa: InstructionSet, _ pruned: () throws -> String
    ) throws -> Quality {
        try kept("quality", isa, policy, asked: [task, data]) {
            let against = task == "fidelity" ? ["--against", model] : []
            return try answer(
                ["evaluate", try pruned(), "--task", task, "--data", data, "--json"] + against, on: isa)
        }
    }

    private func answer<Value: Decodable>(_ arguments: [String], on isa: InstructionSet) throws -> Value {
        try JSONDecoder().decode(Value.self, from: program.run(arguments, on: isa))
    }

    private func kept<Value: Codable>(
        _ kind: String, _ isa: InstructionSet, _ policy: [Level], asked: [String], _ ask: () throws -> Value
    ) throws -> Value {
        let name = Self.name(of: policy, asked)
        let path = "\(folder)/\(kind)-\(isa.rawValue)-\(name).json"
        if let data = FileManager.default.contents(atPath: path) {
            return try JSONDecoder().decode(Value.self, from: data)
        }
        let value = try ask()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try AtomicFile.write(try JSONEncoder().encode(value), to: path)
        return value
    }

    /// A short name that tells policies apart.
    static func name(of policy: [Level], _ more: [String] = []) -> String {
        String(FileDigest.sha256(lines: policy.map(\.description) + more).prefix(12))
    }
}
