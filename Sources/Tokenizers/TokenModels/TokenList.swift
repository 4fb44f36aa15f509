/// The tokens of a text as they are found, and what finding them may reuse.
struct TokenList {
    private(set) var ids: [Int32] = []
    /// Where each token lies in the piece that it was found in; empty where that is not recorded.
    private(set) var spans: [Range<Int>] = []
    /// Whether spans are recorded.
    let recordsSpans: Bool
    /// Words whose merges are known.
    var words = WordCache()
    var merging = MergeWork()
    var paths = UnigramPaths()

    init(recordsSpans: Bool = false) {
        self.recordsSpans = recordsSpans
    }

    @inline(__always)
    mutating func append(_ id: Int32, _ span: @autoclosure () -> Range<Int>) {
        ids.append(id)
        if recordsSpans { spans.append(span()) }
    }

    /// Takes back the tokens after the first `count`.
    mutating func truncate(to count: Int) {
        ids.removeSubrange(count...)
        if recordsSpans { spans.removeSubrange(count...) }
    }
}
