/// Decodes tokens to text, and holds back what is not final yet: characters that are cut between tokens, and what could
/// be the start of a text to stop at.
struct WrittenText {
    private let stops: [String]
    /// Bytes that are no whole character yet.
    private var bytes: [UInt8] = []
    /// Text that may turn out to be a stop.
    private var held = ""
    /// Whether one of the texts to stop at has come.
    private(set) var isStopped = false

    /// - Parameter stops: texts after which there is no more; they are not given out.
    init(stops: [String]) {
        self.stops = stops.filter { !$0.isEmpty }
    }

    /// Takes a token's bytes, and gives out what is sure.
    mutating func take(_ new: [UInt8]) -> String {
        guard !isStopped else { return "" }
        bytes += new
        let whole = Self.wholeCharacters(bytes)
        held += String(decoding: bytes[..<whole], as: UTF8.self)
        bytes.removeFirst(whole)
        return release(all: false)
    }

    /// Gives out the rest when no more comes.
    mutating func finish() -> String {
        guard !isStopped else { return "" }
        held += String(decoding: bytes, as: UTF8.self)
        bytes = []
        return release(all: true)
    }

    private mutating func release(all: Bool) -> String {
        // By bytes: what is one character may come as two tokens.
        if let first = stops.compactMap({ held.utf8.firstRange(of: $0.utf8)?.lowerBound }).min() {
            isStopped = true
            defer { held = "" }
            return String(decoding: held.utf8[..<first], as: UTF8.self)
        }
        let kept = all ? 0 : stops.map { Self.overlap(held, $0) }.max() ?? 0
        let end = held.utf8.index(held.endIndex, offsetBy: -kept)
        defer { held = String(held[end...]) }
        return String(held[..<end])
    }

    /// Bytes at the end of a text that are the start of another.
    private static func overlap(_ text: String, _ stop: String) -> Int {
        let (text, stop) = (Array(text.utf8), Array(stop.utf8))
        let most = min(text.count, stop.count - 1)
        return (0...max(most, 0)).last { text.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
    }

    /// Bytes at the start that are whole characters, or are no part of one.
    private static func wholeCharacters(_ bytes: [UInt8]) -> Int {
        // The last character's first byte is among the last four.
        for back in 1...4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            guard byte & 0xC0 != 0x80 else { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}
