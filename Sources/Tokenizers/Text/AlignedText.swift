/// A text on its way from what was written to what a model is given: UTF-8 that may know where it comes from.
///
/// Origins cost eight bytes for each byte, so there are none where nobody asks for offsets.
struct AlignedText: Sendable {
    /// The bytes of the raw text that a byte was made of.
    struct Origin: Sendable, Equatable {
        var start: Int32
        var end: Int32
    }

    private(set) var bytes: [UInt8]
    /// One for each byte; empty where they are not tracked.
    private(set) var origins: [Origin]
    let isTracked: Bool
    /// Where the text starts in the raw one.
    let start: Int

    init(_ bytes: [UInt8], origins: [Origin], isTracked: Bool, start: Int) {
        (self.bytes, self.origins, self.isTracked, self.start) = (bytes, origins, isTracked, start)
    }

    /// A raw text, all of whose characters come from themselves.
    init(raw text: String, isTracked: Bool) {
        self.init(Array(text.utf8), origins: [], isTracked: isTracked, start: 0)
        guard isTracked else { return }
        origins.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let end = min(index + UTF8Text.width(of: bytes[index]), bytes.count)
            let origin = Origin(start: Int32(truncatingIfNeeded: index), end: Int32(truncatingIfNeeded: end))
            for _ in index..<end { origins.append(origin) }
            index = end
        }
    }

    /// A part of the text, of whole characters.
    func slice(_ range: Range<Int>) -> AlignedText {
        if range == bytes.indices { return self }
        return AlignedText(
            Array(bytes[range]), origins: isTracked ? Array(origins[range]) : [], isTracked: isTracked,
            start: start(of: range))
    }

    /// Where a part starts in the raw text. Without origins the text must be a raw one.
    func start(of range: Range<Int>) -> Int {
        if range.isEmpty { return start }
        return isTracked ? Int(origins[range.lowerBound].start) : start + range.lowerBound
    }

    /// The bytes of the raw text that a part comes from.
    func origin(of range: Range<Int>) -> Origin {
        guard let first = range.first, range.upperBound <= origins.count else {
            let place = Int32(truncatingIfNeeded: start + range.lowerBound)
            return Origin(start: place, end: place)
        }
        return Origin(start: origins[first].start, end: origins[range.upperBound - 1].end)
    }
}
