/// Where the zeros of a layer may fall, or what is removed from it.
///
///     Pattern("4x1")   // .units(UnitShape(rows: 4, columns: 1))
///     Pattern("2:4")   // .kept(count: 2, of: 4)
///     Pattern.unstructured.description  // "unstructured"
///
/// Any unit of up to 64 × 64 weights and any N:M can be pruned; which of them a kernel runs faster than dense
/// is what level formats say.
public enum Pattern: Hashable, Sendable, CustomStringConvertible {
    /// Nowhere: the layer is not pruned.
    case dense
    /// Blocks of consecutive rows and columns are kept or dropped whole; the last of a column or row may be
    /// shorter.
    case units(UnitShape)
    /// Of every `of` consecutive columns of a row, `count` are kept (N:M).
    case kept(count: Int, of: Int)
    /// Whole attention heads are removed.
    case heads
    /// Whole neurons of the feed-forward layers are removed.
    case neurons
    /// Whole transformer blocks are removed.
    case block
    /// The whole sublayer that a layer belongs to is removed, the attention or the feed-forward network of a block.
    case sublayer

    /// Anywhere: single weights.
    public static let unstructured = Pattern.units(.single)
    /// Two consecutive output rows share each kept column.
    public static let rowBlock2 = rowBlock(2)
    /// Four consecutive output rows share each kept column.
    public static let rowBlock4 = rowBlock(4)
    /// Six consecutive output rows share each kept column.
    public static let rowBlock6 = rowBlock(6)
    /// Eight consecutive output rows share each kept column.
    public static let rowBlock8 = rowBlock(8)
    /// Sixteen consecutive output rows share each kept column.
    public static let rowBlock16 = rowBlock(16)
    /// Blocks of four rows and four columns.
    public static let block4 = Pattern.units(UnitShape(rows: 4, columns: 4))
    /// Of every four consecutive columns of a row, two are kept.
    public static let twoOfFour = Pattern.kept(count: 2, of: 4)

    private static func rowBlock(_ rows: Int) -> Pattern { .units(UnitShape(rows: rows, columns: 1)) }

    /// What can be asked for, in words.
    public static let allowed =
        "unstructured, ROWSxCOLUMNS such as 4x1, N:M such as 2:4, heads, neurons, block"

    /// `dense`, `unstructured`, `4x1`, `2:4`, `heads`, `neurons`, `block` or `removed`.
    public var description: String {
        switch self {
        case .dense: "dense"
        case .units(.single): "unstructured"
        case .units(let shape): shape.description
        case .kept(let count, let of): "\(count):\(of)"
        case .heads: "heads"
        case .neurons: "neurons"
        case .block: "block"
        case .sublayer: "removed"
        }
    }

    /// Reads what ``description`` gives; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "dense": self = .dense
        case "unstructured": self = .unstructured
        case "heads": self = .heads
        case "neurons": self = .neurons
        case "block": self = .block
        case "removed": self = .sublayer
        default:
            if let (rows, columns) = Self.numbers(text, "x") {
                self = .units(UnitShape(rows: rows, columns: columns))
            } else if let (count, of) = Self.numbers(text, ":"), count < of {
                self = .kept(count: count, of: of)
            } else {
                return nil
            }
        }
    }

    private static func numbers(_ text: String, _ separator: Character) -> (Int, Int)? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let first = parts[0], let second = parts[1], (1...64).contains(first),
            (1...64).contains(second)
        else { return nil }
        return (first, second)
    }

    /// What is kept or dropped together; nil where no weights are masked.
    public var unit: UnitShape? {
        switch self {
        case .units(let shape): shape
        case .kept: .single
        case .dense, .heads, .neurons, .block, .sublayer: nil
        }
    }

    /// For patterns that fix how many of each run of consecutive columns are kept: 2 of 4.
    public var kept: (count: Int, of: Int)? {
        guard case .kept(let count, let of) = self else { return nil }
        return (count, of)
    }

    /// The sparsity that the pattern fixes by its nature: N:M keeps N of M.
    public var fixedSparsity: Double? {
        kept.map { 1 - Double($0.count) / Double($0.of) }
    }

    /// Whether what is dropped is removed from the model, so that layers shrink.
    public var isStructured: Bool {
        switch self {
        case .dense, .units, .kept: false
        case .heads, .neurons, .block, .sublayer: true
        }
    }

    /// Whether several consecutive rows share each kept column.
    public var isRowBlock: Bool { unit.map { $0.rows > 1 && $0.columns == 1 } ?? false }
}

extension Pattern: CodedAsText {
    public static var form: String { "dense, \(allowed)" }
}
