/// Where the zeros of a layer may fall.
public enum Pattern: String, CaseIterable, Sendable, Codable {
    /// Nowhere: the layer is not pruned.
    case dense
    /// Anywhere.
    case unstructured
    /// Four consecutive output rows share each kept column; the last group may be shorter.
    case rowBlock4 = "4x1"
    /// Six consecutive output rows share each kept column.
    case rowBlock6 = "6x1"
    /// Eight consecutive output rows share each kept column.
    case rowBlock8 = "8x1"
    /// Sixteen consecutive output rows share each kept column.
    case rowBlock16 = "16x1"
    /// Blocks of four rows and four columns are kept or dropped whole.
    case block4 = "4x4"
    /// Of every four consecutive columns of a row, two are kept.
    case twoOfFour = "2:4"

    /// Those that prune.
    public static let sparse = allCases.filter { $0 != .dense }

    /// For patterns that fix how many units of each run of consecutive columns are kept: 2 of 4.
    public var kept: (count: Int, of: Int)? {
        self == .twoOfFour ? (2, 4) : nil
    }

    /// What is kept or dropped together; nil for dense.
    public var unit: UnitShape? {
        switch self {
        case .dense: nil
        case .unstructured, .twoOfFour: .single
        case .rowBlock4: UnitShape(rows: 4, columns: 1)
        case .rowBlock6: UnitShape(rows: 6, columns: 1)
        case .rowBlock8: UnitShape(rows: 8, columns: 1)
        case .rowBlock16: UnitShape(rows: 16, columns: 1)
        case .block4: UnitShape(rows: 4, columns: 4)
        }
    }

    /// Whether several consecutive rows share each kept column.
    var isRowBlock: Bool { unit.map { $0.rows > 1 && $0.columns == 1 } ?? false }
}
