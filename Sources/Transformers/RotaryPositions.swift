import Foundation
import Levels
import ModelFiles

/// Rotary positions of a model (Su et al., 2021): pair d of a head's features turns by p·base^(−2d / head size) at
/// position p, where nothing stretches the turns for texts longer than the model was first taught.
public struct RotaryPositions: Sendable, Equatable {
    /// What stretches the turns.
    public enum Scaling: Sendable, Equatable {
        case none
        /// All are slower by a factor.
        case linear(Double)
        /// Slow ones are slower by a factor, fast ones stay, those between are between (Llama 3.1).
        case llama3(Llama3)
        /// Each is slower by a factor of its own, as GGUF files store any of them.
        case divided([Float])
    }

    /// Llama 3.1's.
    public struct Llama3: Sendable, Equatable {
        let factor: Double
        let low: Double
        let high: Double
        let original: Double

        /// A turn's own speed.
        func scaled(_ frequency: Double) -> Double {
            let wave = 2 * Double.pi / frequency
            if wave > original / low { return frequency / factor }
            if wave < original / high { return frequency }
            let share = (original / wave - low) / (high - low)
            return (1 - share) * frequency / factor + share * frequency
        }
    }

    /// The base where files do not say.
    public static let usualBase = 10_000.0
    private static let factors = 1...1e6

    /// The base of the turns.
    public let base: Double
    /// What stretches them.
    public let scaling: Scaling

    /// Takes a base and what stretches the turns.
    public init(base: Double, scaling: Scaling = .none) {
        (self.base, self.scaling) = (base, scaling)
    }

    /// The turns of a head's pairs for each position, in radians.
    func frequencies(headSize: Int) -> [Double] {
        let plain = (0..<headSize / 2).map { pow(base, -Double(2 * $0) / Double(headSize)) }
        switch scaling {
        case .none: return plain
        case .linear(let factor): return plain.map { $0 / factor }
        case .llama3(let own): return plain.map(own.scaled)
        case .divided(let factors): return zip(plain, factors).map { $0 / Double($1) }
        }
    }

    /// What each turn is divided by, as GGUF files have it in `rope_freqs.weight`; nil where none differs from others.
    public func divisors(headSize: Int) -> [Float]? {
        switch scaling {
        case .none, .linear: return nil
        case .divided(let factors): return factors
        case .llama3:
            let plain = RotaryPositions(base: base).frequencies(headSize: headSize)
            return zip(plain, frequencies(headSize: headSize)).map { Float($0 / $1) }
        }
    }

    // MARK: Files

    /// Reads a `config.json`: the base, and `rope_scaling` or, in newer files, `rope_parameters` with both.
    /// - Throws: `Issue` for a field out of range, or a kind of scaling that is not computed.
    public init(_ json: ModelConfiguration, headSize: Int, usualBase: Double = RotaryPositions.usualBase)
        throws
    {
        let parameters = try json.section("rope_parameters")
        let source = parameters ?? json
        base = try source.number("rope_theta", in: SizeRange.rotaryBase, default: usualBase)
        guard let scaling = try parameters ?? json.section("rope_scaling") else {
            self.scaling = .none
            return
        }
        // Older files say `type`.
        let key = scaling.has("rope_type") ? "rope_type" : "type"
        switch try scaling.string(key, default: "default") {
        case "default": self.scaling = .none
        case "linear": self.scaling = .linear(try scaling.number("factor", in: Self.factors))
        case "llama3":
            let own = Llama3(
                factor: try scaling.number("factor", in: Self.factors),
                low: try scaling.number("low_freq_factor", in: 1e-3...1e6),
                high: try scaling.number("high_freq_factor", in: 1e-3...1e6),
                original: Double(
                    try scaling.integer("original_max_position_embeddings", in: SizeRange.tokens)))
            guard own.high > own.low else {
                throw scaling.wrong("high_freq_factor", "more than low_freq_factor, \(own.low)", .mismatch)
            }
            self.scaling = .llama3(own)
        case "longrope": self.scaling = .divided(try Self.factors(scaling, count: headSize / 2))
        default: throw scaling.wrong(key, "'default', 'linear', 'llama3' or 'longrope'", .unsupported)
        }
    }

    /// Longrope's, where one list holds for all lengths and scores are not scaled.
    private static func factors(_ scaling: ModelConfiguration, count: Int) throws -> [Float] {
        let (short, long) = (try scaling.numbers("short_factor"), try scaling.numbers("long_factor"))
        guard short == long else {
            throw scaling.wrong("long_factor", "the same as short_factor", .unsupported)
        }
        guard short.count == count, short.allSatisfy({ $0 > 0 && $0 < 1e6 }) else {
            throw scaling.wrong("short_factor", "\(count) numbers above 0", .mismatch)
        }
        guard scaling.has("attention_factor"), try scaling.number("attention_factor", in: 0...1e6) == 1 else {
            throw scaling.wrong("attention_factor", "1", .unsupported)
        }
        return short.map { Float($0) }
    }

    /// The fields of `config.json` that say the same.
    var fields: [String: Any] {
        var scaled: [String: Any]?
        switch scaling {
        case .none: break
        case .linear(let factor): scaled = ["rope_type": "linear", "factor": factor]
        case .llama3(let own):
            scaled = [
                "rope_type": "llama3", "factor": own.factor, "low_freq_factor": own.low,
                "high_freq_factor": own.high, "original_max_position_embeddings": Int(own.original),
            ]
        case .divided(let factors):
            let factors = factors.map(Double.init)
            scaled = [
                "rope_type": "longrope", "short_factor": factors, "long_factor": factors, "factor": 1.0,
                "attention_factor": 1.0,
            ]
        }
        return ["rope_theta": base].merging(scaled.map { ["rope_scaling": $0] } ?? [:]) { own, _ in own }
    }

    /// Reads a GGUF file's metadata and its `rope_freqs.weight`.
    /// - Throws: `Issue` for a value out of range, or a kind of scaling that is not computed.
    public init(_ gguf: GGUFFile, _ description: GGUFDescription, headSize: Int, usualBase: Double) throws {
        let (baseKey, factorKey) = (
            description.key("rope.freq_base"), description.key("rope.scaling.factor")
        )
        base = gguf.value(baseKey) == nil ? usualBase : try gguf.number(baseKey, in: SizeRange.rotaryBase)
        let kindKey = description.key("rope.scaling.type")
        let kind = gguf.value(kindKey) == nil ? "none" : try gguf.string(kindKey)
        for key in ["rope.scale_linear", "rope.scaling.attn_factor"] {
            let key = description.key(key)
            guard gguf.value(key) == nil || gguf.value(key)?.number == 1 else {
                throw gguf.wrong(key, "1", .unsupported)
            }
        }
        var factor = 1.0
        switch kind {
        case "none": break
        case "linear": factor = try gguf.number(factorKey, in: Self.factors)
        default: throw gguf.wrong(kindKey, "'none' or 'linear'", .unsupported)
        }
        for name in ["rope_factors_long.weight", "rope_factors_short.weight"] where gguf.tensors[name] != nil
        {
            throw Issue(
                .unsupported, .path(gguf.path), field: .tensor(name),
                advice: "factors that differ with the length of a text are not computed")
        }
        guard gguf.tensors[Self.ggufTensor] != nil else {
            scaling = factor == 1 ? .none : .linear(factor)
            return
        }
        let divisors = try gguf.tensor(Self.ggufTensor).checked(shape: [headSize / 2]).floats()
        guard divisors.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw Issue(
                .outOfRange, .path(gguf.path), field: .tensor(Self.ggufTensor),
                found: "\(divisors.first { !($0 > 0 && $0.isFinite) } ?? 0)", allowed: "numbers above 0")
        }
        scaling = .divided(divisors.map { $0 * Float(factor) })
    }

    /// The tensor of GGUF files that holds ``divisors(headSize:)``.
    public static let ggufTensor = "rope_freqs.weight"
}
