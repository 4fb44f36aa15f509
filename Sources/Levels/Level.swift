/// One choice for one layer: a pattern, a sparsity, a precision, and how much of its sublayer there is.
///
///     let level = Level(pattern: .rowBlock4, sparsity: 0.7)
///     level.description                    // "4x1@0.700"
///     Level("16x1@0.5:int8")?.precision    // int8
///     Level("int8")?.pattern               // dense
///     Level("width@0.5+int8")?.width       // 0.5: half of the heads or neurons are left
///     Level("removed")?.width              // 0
public struct Level: Hashable, Sendable {
    /// Where zeros may fall.
    public let pattern: Pattern
    /// The fraction of weights that are zero, in [0, 1); 0 for dense, 1 where nothing is left.
    public let sparsity: Double
    /// How products are computed.
    public let precision: Precision
    /// How many of the heads or neurons of the layer's sublayer are left, as a fraction in thousandths: 1 for all of
    /// them, 0 where the sublayer is removed. The layers of a sublayer have it together, whatever else each has.
    ///
    /// Pattern, sparsity and precision are those of what is left of the layer.
    public let width: Double

    /// Puts a pattern, a sparsity, a precision and a width together.
    public init(pattern: Pattern, sparsity: Double, precision: Precision = .float32, width: Double = 1) {
        precondition(
            Self.allowsSparsity(sparsity, of: pattern) && Self.allowsWidth(width)
                && (pattern != .sublayer || precision == .float32))
        self.pattern = pattern
        self.sparsity = sparsity
        self.precision = precision
        self.width = pattern == .sublayer ? 0 : Self.thousandths(width)
    }

    /// Not pruned, and computed as the checkpoint has it.
    public static let dense = Level(pattern: .dense, sparsity: 0)

    /// Nothing is left of the layer, nor of the sublayer that it belongs to: the norm after it takes its input.
    public static let removed = Level(pattern: .sublayer, sparsity: 1)

    /// Whether no weight is dropped, whatever the precision.
    public var keepsAll: Bool { pattern == .dense && width == 1 }

    /// Whether nothing is left.
    public var isRemoved: Bool { pattern == .sublayer }

    /// Whether some heads or neurons of the sublayer are left, and not all.
    public var isNarrow: Bool { !isRemoved && width < 1 }

    private static func thousandths(_ width: Double) -> Double { (width * 1000).rounded() / 1000 }

    private static func allowsWidth(_ width: Double) -> Bool {
        width > 0 && width <= 1 && (1...1000).contains(thousandths(width) * 1000)
    }

    private static func allowsSparsity(_ sparsity: Double, of pattern: Pattern) -> Bool {
        switch pattern {
        case .dense: sparsity == 0
        case .sublayer: sparsity == 1
        default: (0..<1).contains(sparsity)
        }
    }

    /// All but the sparsity: `4x1`, `4x1:int8`, `dense`, `int8`, `width@0.500+4x1:int8`.
    public var kind: String {
        guard pattern.unit != nil else { return description }
        return widthText + (precision == .float32 ? pattern.description : "\(pattern):\(precision)")
    }

    /// The same zeros in another precision; nothing has none.
    public func with(_ precision: Precision) -> Level {
        isRemoved ? self : Level(pattern: pattern, sparsity: sparsity, precision: precision, width: width)
    }

    /// The same in a sublayer of another width; nothing has none.
    public func with(width: Double) -> Level {
        isRemoved ? self : Level(pattern: pattern, sparsity: sparsity, precision: precision, width: width)
    }
}

extension Level: CustomStringConvertible {
    /// How levels that leave something of a layer are written, for messages and help.
    public static let wholeForm =
        "dense, PRECISION such as int8, PATTERN@SPARSITY such as 4x1@0.8, PATTERN@SPARSITY:PRECISION, or one of them "
        + "after width@FRACTION+ such as width@0.5+int8"
    /// How all levels are.
    public static let form = wholeForm + ", or removed"

    /// `dense`, `int8`, `unstructured@0.700`, `4x1@0.700:int8`, `width@0.500+int8` or `removed`: fractions with three
    /// decimals, and a part that is left out means dense, float32 or all heads and neurons.
    public var description: String {
        guard !isRemoved else { return pattern.description }
        guard pattern != .dense else {
            return widthText + (precision == .float32 ? pattern.description : precision.name)
        }
        return widthText + "\(pattern)@\(Self.decimals(sparsity))"
            + (precision == .float32 ? "" : ":\(precision)")
    }

    private var widthText: String { isNarrow ? "\(Self.widthPrefix)\(Self.decimals(width))+" : "" }

    private static let widthPrefix = "width@"

    /// A fraction below 1 with three decimals.
    private static func decimals(_ fraction: Double) -> String {
        let digits = String(min(Int((fraction * 1000).rounded()), 999))
        return "0." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// Reads what ``description`` gives, with any number of decimals; nil for anything else.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.widthPrefix) else {
            self.init(whole: text)
            return
        }
        let parts = text.dropFirst(Self.widthPrefix.count).split(separator: "+", maxSplits: 1)
        guard parts.count == 2, let width = Double(parts[0]), width < 1, Self.allowsWidth(width),
            let whole = Level(whole: String(parts[1])), !whole.isRemoved
        else { return nil }
        self = whole.with(width: width)
    }

    /// Reads a level without a width.
    private init?(whole text: String) {
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
        case pattern, sparsity, precision, width
    }

    /// Reads `{"pattern": "4x1", "sparsity": 0.7}`, `"precision": "int8"` where it is another than float32, and
    /// `"width": 0.5` where heads or neurons are removed.
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
        let width = try fields.decodeIfPresent(Double.self, forKey: .width)
        guard width.map({ pattern != .sublayer && Self.allowsWidth($0) }) ?? true else {
            throw DecodingError.dataCorruptedError(
                forKey: .width, in: fields,
                debugDescription: "found \(width ?? 0), allowed above 0 to 1, and none for removed")
        }
        self.init(pattern: pattern, sparsity: sparsity, precision: precision, width: width ?? 1)
    }

    /// Writes what ``init(from:)`` reads.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(pattern, forKey: .pattern)
        try fields.encode(sparsity, forKey: .sparsity)
        if precision != .float32 { try fields.encode(precision.name, forKey: .precision) }
        if isNarrow { try fields.encode(width, forKey: .width) }
    }
}
