/// Byte-pair encoding, over characters or over bytes.
struct BytePairModel: Sendable {
    /// What a word's parts are, as `tokenizer.json` says.
    struct Settings: Sendable, Equatable {
        /// Stands for characters that have no token; nil leaves them out.
        var unknownID: Int32?
        /// Whether unknown characters in a row are one token.
        var fusesUnknown = false
        /// The tokens of single bytes, which stand for the bytes of characters that have no token.
        var byteIDs: [Int32?] = []
        /// Whether a word that is a token is that one, whatever the merges.
        var ignoresMerges = false
        /// What characters that do not start a word have before them.
        var prefix: [UInt8] = []
        /// What characters that end a word have after them.
        var suffix: [UInt8] = []
        /// The tokens that stand for single bytes of a text that is not written in characters; nil where it is.
        var spelledBytes: [Int32?]?
    }

    private let vocabulary: ByteTrie
    private let merges: BytePairMerges
    private let settings: Settings

    /// - Parameters:
    ///   - vocabulary: the tokens, by their bytes where words are not written in characters.
    ///   - merges: of their ids
    init(vocabulary: ByteTrie, merges: BytePairMerges, settings: Settings) {
        (self.vocabulary, self.merges, self.settings) = (vocabulary, merges, settings)
    }

    /// Appends the tokens of the word `text[range]`.
    func append(_ text: [UInt8], _ range: Range<Int>, to tokens: inout TokenList) {
        if settings.ignoresMerges, let id = vocabulary.id(of: text[range]) {
            return tokens.append(id, range)
        }
        guard range.count <= WordCache.longestWord else {
            merge(text, range, &tokens.merging)
            return Self.append(tokens.merging.symbols[...], from: range.lowerBound, to: &tokens)
        }
        let hash = WordCache.hash(text, range)
        if let known = tokens.words.tokens(of: text, in: range, hash: hash) {
            return Self.append(known, from: range.lowerBound, to: &tokens)
        }
        merge(text, range, &tokens.merging)
        tokens.words.insert(tokens.merging.symbols[...], for: text, in: range, hash: hash)
        Self.append(tokens.merging.symbols[...], from: range.lowerBound, to: &tokens)
    }

    private static func append(_ symbols: ArraySlice<Symbol>, from start: Int, to tokens: inout TokenList) {
        var start = start
        for symbol in symbols {
            let end = start + Int(symbol.length)
            tokens.append(symbol.id, start..<end)
            start = end
        }
    }

    private func merge(_ text: [UInt8], _ range: Range<Int>, _ work: inout MergeWork) {
        work.symbols.removeAll(keepingCapacity: true)
        if let spelled = settings.spelledBytes {
            for byte in text[range] {
                if let id = spelled[Int(byte)] { work.symbols.append(Symbol(id: id, length: 1)) }
            }
        } else {
            appendCharacters(of: text, range, to: &work.symbols)
        }
        merges.merge(&work)
    }

    private func appendCharacters(of text: [UInt8], _ range: Range<Int>, to symbols: inout [Symbol]) {
        var unknown: Symbol?
        func endUnknown() {
            if let symbol = unknown { symbols.append(symbol) }
            unknown = nil
        }
        var index = range.lowerBound
        while index < range.upperBound {
            let end = min(index + UTF8Text.width(of: text[index]), range.upperBound)
            let length = Int32(end - index)
            let (isFirst, isLast) = (index == range.lowerBound, end == range.upperBound)
            if let id = id(of: text[index..<end], isFirst: isFirst, isLast: isLast) {
                endUnknown()
                symbols.append(Symbol(id: id, length: length))
            } else if let bytes = byteIDs(of: spelling(text[index..<end], isFirst: isFirst, isLast: isLast)) {
                symbols += bytes.map { Symbol(id: $0, length: 1) }
            } else if let id = settings.unknownID {
                if settings.fusesUnknown, let symbol = unknown {
                    unknown = Symbol(id: id, length: symbol.length + length)
                } else {
                    endUnknown()
                    unknown = Symbol(id: id, length: length)
                }
            }
            index = end
        }
        endUnknown()
    }

    private func id(of character: ArraySlice<UInt8>, isFirst: Bool, isLast: Bool) -> Int32? {
        if settings.prefix.isEmpty, settings.suffix.isEmpty { return vocabulary.id(of: character) }
        return vocabulary.id(of: spelling(character, isFirst: isFirst, isLast: isLast))
    }

    private func spelling(_ character: ArraySlice<UInt8>, isFirst: Bool, isLast: Bool) -> [UInt8] {
        (isFirst ? [] : settings.prefix) + character + (isLast ? settings.suffix : [])
    }

    /// The tokens of single bytes; nil where one of them has none.
    private func byteIDs(of bytes: [UInt8]) -> [Int32]? {
        if settings.byteIDs.isEmpty { return nil }
        let ids = bytes.compactMap { settings.byteIDs[Int($0)] }
        return ids.count == bytes.count ? ids : nil
    }
}
