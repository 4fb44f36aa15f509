/// What becomes of the matches that a text is split at, by the names of `tokenizer.json`.
enum SplitBehavior: String, Sendable, Equatable {
    /// They are left out.
    case removed = "Removed"
    /// They are pieces of their own.
    case isolated = "Isolated"
    /// They go to the end of the piece before.
    case mergedWithPrevious = "MergedWithPrevious"
    /// They go to the start of the piece after.
    case mergedWithNext = "MergedWithNext"
    /// Neighbours of one kind are one piece.
    case contiguous = "Contiguous"

    /// The pieces that matches and what lies between them become.
    func pieces(of parts: [TextPattern.Part]) -> [Range<Int>] {
        switch self {
        case .removed: parts.filter { !$0.isMatch }.map(\.range)
        case .isolated: parts.map(\.range)
        case .contiguous: Self.merged(parts) { $0 == $1 }
        case .mergedWithPrevious: Self.merged(parts) { previous, isMatch in isMatch && !previous }
        case .mergedWithNext:
            Self.merged(parts.reversed()) { previous, isMatch in isMatch && !previous }.reversed()
        }
    }

    /// - Parameter joins: whether a part goes to the piece before it, by whether the one before and it are matches.
    private static func merged(
        _ parts: some Sequence<TextPattern.Part>, _ joins: (_ previous: Bool, _ isMatch: Bool) -> Bool
    ) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var previous = false
        for part in parts {
            if let last = pieces.last, joins(previous, part.isMatch) {
                pieces[pieces.count - 1] =
                    min(last.lowerBound, part.range.lowerBound)..<max(last.upperBound, part.range.upperBound)
            } else {
                pieces.append(part.range)
            }
            previous = part.isMatch
        }
        return pieces
    }
}
