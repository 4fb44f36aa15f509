import SparseKernels

/// What is kept or dropped together when a model is pruned.
public enum Granularity: Hashable, Sendable, CustomStringConvertible {
    /// Blocks of consecutive rows and columns of a layer; single weights with 1×1.
    case units(UnitShape)
    /// Of every `of` consecutive columns of a row, `count` are kept (N:M).
    case kept(count: Int, of: Int)
    /// Whole attention heads.
    case heads
    /// Whole neurons of the feed-forward layers.
    case neurons
    /// Whole transformer blocks.
    case blocks

    /// `unstructured`, `4x1`, `2:4`, `heads`, `neurons` or `block`.
    public var description: String {
        switch self {
        case .units(.single): "unstructured"
        case .units(let shape): shape.description
        case .kept(let count, let of): "\(count):\(of)"
        case .heads: "heads"
        case .neurons: "neurons"
        case .blocks: "block"
        }
    }

    /// What can be asked for, in words.
    public static let allowed =
        "unstructured, ROWSxCOLUMNS such as 4x1, N:M such as 2:4, heads, neurons, block"

    /// Reads what ``description`` gives; nil for anything else.
    public init?(_ text: String) {
        func numbers(_ separator: Character) -> (Int, Int)? {
            let parts = text.split(separator: separator, omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count == 2, let first = parts[0], let second = parts[1], (1...64).contains(first),
                (1...64).contains(second)
            else { return nil }
            return (first, second)
        }
        switch text {
        case "unstructured": self = .units(.single)
        case "heads": self = .heads
        case "neurons": self = .neurons
        case "block": self = .blocks
        default:
            if let (rows, columns) = numbers("x") {
                self = .units(UnitShape(rows: rows, columns: columns))
            } else if let (count, of) = numbers(":"), count < of {
                self = .kept(count: count, of: of)
            } else {
                return nil
            }
        }
    }

    /// Whether what is dropped is removed from the model, so that layers shrink.
    public var isStructured: Bool {
        switch self {
        case .units, .kept: false
        case .heads, .neurons, .blocks: true
        }
    }

    /// The sparsity that the granularity fixes by its nature.
    public var fixedSparsity: Double? {
        guard case .kept(let count, let of) = self else { return nil }
        return 1 - Double(count) / Double(of)
    }
}
