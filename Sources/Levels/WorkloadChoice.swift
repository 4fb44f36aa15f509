/// What a search is to measure latency of, as a user names it: `128x1`, `data` or `datax8`.
public enum WorkloadChoice: Sendable, Equatable, LosslessStringConvertible {
    /// So many sequences at a time, all of so many tokens.
    case fixed(tokens: Int, batch: Int)
    /// Sequences as long as those of the search's data, so many at a time.
    case data(batch: Int)

    /// What ``init(_:)`` takes, for messages.
    public static let form = "TOKENSxBATCH such as 128x1, data, or dataxBATCH such as datax8"
    /// How many sequences there can be at a time.
    public static let batches = 1...4096
    /// How many tokens a sequence can have.
    public static let tokens = 1...8192

    /// Reads what ``form`` says.
    public init?(_ text: String) {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        let batch = parts.count == 1 ? 1 : Int(parts[1]) ?? 0
        guard parts.count <= 2, Self.batches.contains(batch) else { return nil }
        if parts[0] == "data" {
            self = .data(batch: batch)
        } else if parts.count == 2, let tokens = Int(parts[0]), Self.tokens.contains(tokens) {
            self = .fixed(tokens: tokens, batch: batch)
        } else {
            return nil
        }
    }

    /// As it is read.
    public var description: String {
        switch self {
        case .fixed(let tokens, let batch): "\(tokens)x\(batch)"
        case .data(let batch): batch == 1 ? "data" : "datax\(batch)"
        }
    }
}
