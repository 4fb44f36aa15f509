import Foundation
import Tensors

/// What a measured latency depends on: the CPU's model, its caches, and the instruction set in use.
public struct HardwareFingerprint: Sendable, Equatable, CustomStringConvertible {
    /// The CPU's name as the system gives it.
    public let cpu: String
    /// Processors that this system has.
    public let processors: Int
    /// Sizes of the caches of processor 0, in order of level: `L1d 32K, L2 512K, L3 32768K`.
    public let caches: String
    /// The instruction set of the kernels.
    public let instructionSet: InstructionSet

    /// Takes the parts of a stored fingerprint.
    public init(cpu: String, processors: Int, caches: String, instructionSet: InstructionSet) {
        self.cpu = cpu
        self.processors = processors
        self.caches = caches
        self.instructionSet = instructionSet
    }

    /// The machine that this runs on.
    public static let current = HardwareFingerprint(
        cpu: cpuName() ?? "unknown CPU", processors: ProcessInfo.processInfo.processorCount,
        caches: cacheSizes(), instructionSet: .best)

    /// All of it in one line.
    public var description: String {
        "\(cpu), \(processors) processors, \(caches), \(instructionSet.rawValue)"
    }

    private static func cpuName() -> String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            if parts.count == 2, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
        }
        guard let name = fields["model name"] ?? fields["CPU part"] else { return nil }
        // Virtual machines hide the marketing name; family and model still tell machines apart.
        let numbers = ["cpu family", "model", "stepping"].compactMap { fields[$0] }.joined(separator: "/")
        return numbers.isEmpty ? name : "\(name) (\(numbers))"
    }

    private static func cacheSizes() -> String {
        let base = "/sys/devices/system/cpu/cpu0/cache"
        let sizes = (0..<5).compactMap { index -> String? in
            func read(_ name: String) -> String? {
                (try? String(contentsOfFile: "\(base)/index\(index)/\(name)", encoding: .utf8))?
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }
            guard let level = read("level"), let type = read("type"), type != "Instruction",
                let size = read("size")
            else { return nil }
            return "L\(level) \(size)"
        }
        return sizes.isEmpty ? "caches unknown" : sizes.joined(separator: ", ")
    }
}
