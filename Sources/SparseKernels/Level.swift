/// One choice for one layer: a pattern and a sparsity.
///
///     let level = Level(pattern: .rowBlock4, sparsity: 0.7)
///     level.description  // "4x1@0.700"
public struct Level: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Where zeros may fall.
    public let pattern: Pattern
    /// The fraction of weights that are zero, in [0, 1); 0 for dense.
    public let sparsity: Double

    /// Puts a pattern and a sparsity together.
    public init(pattern: Pattern, sparsity: Double) {
        precondition((0..<1).contains(sparsity) && (pattern != .dense || sparsity == 0))
        self.pattern = pattern
        self.sparsity = sparsity
    }

    /// Not pruned.
    public static let dense = Level(pattern: .dense, sparsity: 0)

    /// The levels that a search chooses from unless told otherwise: dense, and unstructured and 4x1 from
    /// 30 % to 95 %.
    public static let standard: [Level] =
        [.dense]
        + [Pattern.unstructured, .rowBlock4].flatMap { pattern in
            [0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95].map {
                Level(pattern: pattern, sparsity: $0)
            }
        }

    /// Fewer levels, for models of so many layers that pruning each to all of ``standard`` would take longer than
    /// searching: dense, 4x1 from 30 % to 90 % and unstructured from 50 %, where it begins to pay, to 90 %. All are
    /// of the standard ones, so that their latencies are in every table.
    public static let coarse: [Level] =
        [.dense] + [0.5, 0.6, 0.7, 0.8, 0.9].map { Level(pattern: .unstructured, sparsity: $0) }
        + [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map { Level(pattern: .rowBlock4, sparsity: $0) }

    /// `dense`, or the pattern and the sparsity with three decimals: `unstructured@0.700`.
    public var description: String {
        guard pattern != .dense else { return pattern.rawValue }
        let thousandths = Int((sparsity * 1000).rounded())
        let digits = String(thousandths)
        return "\(pattern.rawValue)@0." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// Reads what ``description`` gives; nil for anything else.
    public init?(_ text: String) {
        if text == Pattern.dense.rawValue {
            self = .dense
            return
        }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let pattern = Pattern(rawValue: String(parts[0])), pattern != .dense,
            let sparsity = Double(parts[1]), (0..<1).contains(sparsity)
        else { return nil }
        self.init(pattern: pattern, sparsity: sparsity)
    }
}

extension Level {
    private enum CodingKeys: CodingKey {
        case pattern, sparsity
    }

    /// Reads `{"pattern": "4x1", "sparsity": 0.7}`.
    /// - Throws: `DecodingError` also for what is no level.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let name = try fields.decode(String.self, forKey: .pattern)
        guard let pattern = Pattern(rawValue: name) else {
            let allowed = Pattern.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: .pattern, in: fields, debugDescription: "found '\(name)', allowed \(allowed)")
        }
        let sparsity = try fields.decode(Double.self, forKey: .sparsity)
        guard (0..<1).contains(sparsity), pattern != .dense || sparsity == 0 else {
            throw DecodingError.dataCorruptedError(
                forKey: .sparsity, in: fields,
                debugDescription: "found \(sparsity), allowed "
                    + (pattern == .dense ? "0 for dense" : "0 or more and less than 1"))
        }
        self.init(pattern: pattern, sparsity: sparsity)
    }
}
