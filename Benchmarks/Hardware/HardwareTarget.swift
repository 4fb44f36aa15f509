import ArgumentParser
import Tensors

/// Which fraction of its own dense latency each instruction set is to reach: `0.45` for all, or
/// `avx2=0.45,avx512vnni=0.25`.
struct HardwareTarget: Equatable, ExpressibleByArgument {
    /// For those that have none of their own.
    private let common: Double?
    private let own: [InstructionSet: Double]
    /// What it is read from.
    let text: String

    /// Reads one; nil for anything else.
    init?(argument: String) {
        text = argument
        if let fraction = Self.fraction(argument) {
            (common, own) = (fraction, [:])
            return
        }
        var each: [InstructionSet: Double] = [:]
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2, let isa = InstructionSet(rawValue: sides[0]), each[isa] == nil,
                let fraction = Self.fraction(sides[1])
            else { return nil }
            each[isa] = fraction
        }
        (common, own) = (nil, each)
    }

    private static func fraction(_ text: String) -> Double? {
        Double(text).flatMap { $0 > 0 && $0 <= 1 ? $0 : nil }
    }

    /// What an instruction set is to reach; nil where nothing says it.
    func fraction(for isa: InstructionSet) -> Double? { own[isa] ?? common }
}
