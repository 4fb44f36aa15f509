/// Makes one text of another, character by character, and keeps the origins as the `tokenizers` library does.
struct TextRewriter {
    private let source: AlignedText
    /// The next character of the source.
    private(set) var position = 0
    private var bytes: [UInt8] = []
    private var origins: [AlignedText.Origin] = []

    init(_ source: AlignedText) {
        self.source = source
        bytes.reserveCapacity(source.bytes.count + source.bytes.count / 4)
        if source.isTracked { origins.reserveCapacity(source.bytes.count) }
    }

    /// What has been made.
    var text: AlignedText {
        AlignedText(bytes, origins: origins, isTracked: source.isTracked, start: source.start)
    }

    /// The next character of the source and where it ends; nil at the end.
    var next: (scalar: Unicode.Scalar, end: Int)? {
        guard position < source.bytes.count else { return nil }
        return UTF8Text.character(in: source.bytes, at: position)
    }

    /// Appends a character.
    ///
    /// - Parameter change: 0 for one that stands for the next of the source, less for one that stands for as many
    ///   more, and 1 for one that is put in and comes from where the one before it comes from.
    mutating func append(_ scalar: Unicode.Scalar, change: Int = 0) {
        if source.isTracked {
            let origin = origin(change: change)
            for _ in 0..<UTF8.width(scalar) { origins.append(origin) }
        }
        UTF8Text.append(scalar, to: &bytes)
        if change <= 0 { skip(1 - change) }
    }

    private func origin(change: Int) -> AlignedText.Origin {
        let place = change > 0 ? position - 1 : min(position, source.origins.count - 1)
        if source.origins.indices.contains(place) { return source.origins[place] }
        let start = Int32(truncatingIfNeeded: source.start)
        return .init(start: start, end: start)
    }

    /// Leaves out characters of the source.
    mutating func skip(_ count: Int = 1) {
        for _ in 0..<count where position < source.bytes.count {
            position = min(position + UTF8Text.width(of: source.bytes[position]), source.bytes.count)
        }
    }

    /// Leaves out the source up to a byte.
    mutating func skip(to end: Int) { position = end }

    /// Copies the source up to a byte.
    mutating func copy(to end: Int) {
        guard end > position else { return }
        bytes += source.bytes[position..<end]
        if source.isTracked { origins += source.origins[position..<end] }
        position = end
    }
}

extension AlignedText {
    /// The text without the characters that are not kept.
    func filtered(_ isKept: (Unicode.Scalar) -> Bool) -> AlignedText {
        var rewriter = TextRewriter(self)
        var index = 0
        while index < bytes.count {
            let (scalar, end) = UTF8Text.character(in: bytes, at: index)
            if !isKept(scalar) {
                rewriter.copy(to: index)
                rewriter.skip(to: end)
            }
            index = end
        }
        if rewriter.position == 0 { return self }
        rewriter.copy(to: bytes.count)
        return rewriter.text
    }

    /// The text with every character replaced by one.
    func mapped(_ replacement: (Unicode.Scalar) -> Unicode.Scalar) -> AlignedText {
        var rewriter = TextRewriter(self)
        while let next = rewriter.next {
            let other = replacement(next.scalar)
            if other == next.scalar { rewriter.copy(to: next.end) } else { rewriter.append(other) }
        }
        return rewriter.text
    }

    /// The text after another one, which comes from where the first character does; an empty text stays so.
    func prepending(_ text: String) -> AlignedText {
        guard !bytes.isEmpty else { return self }
        var rewriter = TextRewriter(self)
        for (number, scalar) in text.unicodeScalars.enumerated() {
            rewriter.append(scalar, change: number == 0 ? 0 : 1)
        }
        guard rewriter.position > 0 else { return self }
        rewriter.append(UTF8Text.scalar(in: bytes, at: 0), change: 1)
        rewriter.copy(to: bytes.count)
        return rewriter.text
    }
}
