/// One choice for one layer: a pattern, a sparsity and a precision.
///
///     let level = Level(pattern: .rowBlock4, sparsity: 0.7)
///     level.description                    // "4x1@0.700"
///     Level("16x1@0.5:int8")?.precision    // int8
///     Level("int8")?.pattern               // dense
///     Level("removed")?.structure          // removed
public struct Level: Hashable, Sendable {
    /// Where zeros may fall.
    public let pattern: Pattern
    /// The fraction of weights that are zero, in [0, 1); 0 for dense, 1 where nothing is left.
    public let sparsity: Double
    /// How products are computed.
    public let precision: Precision

    /// Puts a pattern, a sparsity and a precision together.
    public init(pattern: Pattern, sparsity: Double, precision: Precision = .float32) {
        precondition(
            Self.allowsSparsity(sparsity, of: pattern) && (pattern != .sublayer || precision == .float32))
        self.pattern = pattern
        self.sparsity = sparsity
        self.precision = precision
    }

    /// Not pruned, and computed as the checkpoint has it.
    public static let dense = Level(pattern: .dense, sparsity: 0)

    /// Nothing is left of the layer, nor of the sublayer that it belongs to: the norm after it takes its input.
    public static let removed = Level(pattern: .sublayer, sparsity: 1)

    /// Whether no weight is dropped, whatever the precision.
    public var keepsAll: Bool { pattern == .dense }

    /// What the layers of a sublayer have in common, whatever the level of each.
    public enum Structure: Sendable, Hashable {
        /// It is there as a whole.
        case whole
        /// It is not there.
        case removed
    }

    /// What is left of the sublayer.
    public var structure: Structure { pattern == .sublayer ? .removed : .whole }

    private static func allowsSparsity(_ sparsity: Double, of pattern: Pattern) -> Bool {
        switch pattern {
        case .dense: sparsity == 0
        case .sublayer: sparsity == 1
        default: (0..<1).contains(sparsity)
        }
    }

    /// The pattern and the precision, without the sparsity: `4x1`, `4x1:int8`, `dense`, `int8`.
    public var kind: String {
        guard !keepsAll, structure == .whole else { return description }
        return precision == .float32 ? pattern.description : "\(pattern):\(precision)"
    }

    /// The same zeros in another precision; nothing has none.
    public func with(_ precision: Precision) -> Level {
        structure == .removed ? self : Level(pattern: pattern, sparsity: sparsity, precision: precision)
    }
}

extension Level: CustomStringConvertible {
    /// How levels that leave something of a layer are written, for messages and help.
    public static let wholeForm =
        "dense, PRECISION such as int8, PATTERN@SPARSITY such as 4x1@0.8, or PATTERN@SPARSITY:PRECISION"
    /// How all levels are.
    public static let form = wholeForm.replacing("or PATTERN", with: "PATTERN") + ", or removed"

    /// `dense`, `int8`, `unstructured@0.700`, `4x1@0.700:int8` or `removed`: the sparsity with three decimals, and a
    /// part that is left out means dense or float32.
    public var description: String {
        guard structure == .whole else { return pattern.description }
        guard !keepsAll else { return precision == .float32 ? pattern.description : precision.name }
        let thousandths = min(Int((sparsity * 1000).rounded()), 999)
        let digits = String(thousandths)
        let zeros = String(repeating: "0", count: 3 - digits.count)
        return "\(pattern)@0.\(zeros)\(digits)" + (precision == .float32 ? "" : ":\(precision)")
    }

    /// Reads what ``description`` gives, with any number of decimals; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1:
            if let level = [Level.dense, .removed].first(where: { $0.description == text }) {
                self = level
                return
            }
            let name = text.hasPrefix("dense:") ? String(text.dropFirst("dense:".count)) : text
            guard Pattern(text) == nil, let precision = Precision(name: name) else { return nil }
            self.init(pattern: .dense, sparsity: 0, precision: precision)
        case 2:
            let fields = parts[1].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard fields.count <= 2, let pattern = Pattern(parts[0]), ![.dense, .sublayer].contains(pattern),
                let sparsity = Double(fields[0]), (0..<1).contains(sparsity),
                let precision = fields.count == 2 ? Precision(name: fields[1]) : .float32
            else { return nil }
            self.init(pattern: pattern, sparsity: sparsity, precision: precision)
        default:
            return nil
        }
    }
}

extension Level: Codable {
    private enum CodingKeys: CodingKey {
        case pattern, sparsity, precision
    }

    /// Reads `{"pattern": "4x1", "sparsity": 0.7}`, and `"precision": "int8"` where it is another than
    /// float32.
    /// - Throws: `DecodingError` also for what is no level.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let pattern = try fields.decode(Pattern.self, forKey: .pattern)
        let sparsity = try fields.decode(Double.self, forKey: .sparsity)
        guard Self.allowsSparsity(sparsity, of: pattern) else {
            throw DecodingError.dataCorruptedError(
                forKey: .sparsity, in: fields,
                debugDescription:
                    "found \(sparsity), allowed 0 or more and less than 1; 0 for dense, 1 for removed")
        }
        let name = try fields.decodeIfPresent(String.self, forKey: .precision)
        guard let precision = name.map(Precision.init(name:)) ?? .float32 else {
            throw DecodingError.dataCorruptedError(
                forKey: .precision, in: fields,
                debugDescription: "found '\(name ?? "")', allowed lower-case letters and digits")
        }
        guard pattern != .sublayer || precision == .float32 else {
            throw DecodingError.dataCorruptedError(
                forKey: .precision, in: fields,
                debugDescription: "found '\(precision)', allowed none for removed")
        }
        self.init(pattern: pattern, sparsity: sparsity, precision: precision)
    }

    /// Writes what ``init(from:)`` reads.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(pattern, forKey: .pattern)
        try fields.encode(sparsity, forKey: .sparsity)
        if precision != .float32 { try fields.encode(precision.name, forKey: .precision) }
    }
}
