/// The tokens of a text, and where each of them comes from.
public struct TokenEncoding: Sendable, Equatable {
    /// The ids.
    public internal(set) var ids: [Int32] = []
    /// How each token is spelled; an added one as it stands in the text.
    public internal(set) var tokens: [String] = []
    /// Where each token lies in the text, in Unicode scalars, as Python counts; 0..<0 for those that are put around it.
    public internal(set) var offsets: [Range<Int>] = []
    /// Whether each token was put around the text.
    public internal(set) var isSpecial: [Bool] = []
}

extension Tokenizer {
    /// The tokens of a text with their offsets, which takes longer than ids alone.
    ///
    /// - Parameters:
    ///   - text: the text
    ///   - addingSpecialTokens: whether the tokens that the model expects around a text are put there.
    public func encoding(of text: String, addingSpecialTokens: Bool = true) -> TokenEncoding {
        let raw = AlignedText(raw: text, isTracked: true)
        let scalars = ScalarOffsets(raw.bytes)
        var found = TokenEncoding()
        var list = TokenList(recordsSpans: true)
        func append(_ id: Int32, _ token: String, _ text: AlignedText, _ range: Range<Int>) {
            found.ids.append(id)
            found.tokens.append(token)
            found.offsets.append(scalars.range(of: text.origin(of: range)))
            found.isSpecial.append(false)
        }
        forEachPiece(of: raw) { piece in
            switch piece {
            case .token(let id, let text, let range):
                append(id, String(decoding: text.bytes[range], as: UTF8.self), text, range)
            case .text(let text, let range):
                list.truncate(to: 0)
                self.append(text, range, to: &list)
                for (id, span) in zip(list.ids, list.spans) {
                    append(id, spelling(of: id, text, span), text, span)
                }
            }
            return true
        }
        for trimming in postProcessor.trimmings { trimming.trim(&found) }
        return addingSpecialTokens ? surrounded(found) : found
    }

    private func surrounded(_ text: TokenEncoding) -> TokenEncoding {
        var all = TokenEncoding()
        for part in postProcessor.single {
            switch part {
            case .first:
                all.ids += text.ids
                all.tokens += text.tokens
                all.offsets += text.offsets
                all.isSpecial += text.isSpecial
            case .second: break
            case .special(let token, let id, _):
                all.ids.append(id)
                all.tokens.append(token)
                all.offsets.append(0..<0)
                all.isSpecial.append(true)
            }
        }
        return all
    }
}

extension PostProcessor.Trimming {
    /// Takes white space at the ends of tokens out of their offsets, as the library does: by their spelling.
    fileprivate func trim(_ encoding: inout TokenEncoding) {
        let space = ByteAlphabet.characters[0x20]
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar == space || scalar.properties.isWhitespace
        }
        for index in encoding.ids.indices {
            let scalars = encoding.tokens[index].unicodeScalars
            var leading = scalars.prefix(while: isSpace).count
            let trailing = scalars.reversed().prefix(while: isSpace).count
            var (start, end) = (encoding.offsets[index].lowerBound, encoding.offsets[index].upperBound)
            if leading > 0 {
                // One space before the first token was put there.
                if index == 0 || start == 0, addsPrefixSpace, leading == 1 { leading = 0 }
                start = min(start + leading, end)
            }
            if trailing > 0, end >= trailing { end = max(end - trailing, start) }
            encoding.offsets[index] = start..<end
        }
    }
}

/// The places of a text's bytes, counted in Unicode scalars.
private struct ScalarOffsets {
    private let places: [Int32]

    init(_ bytes: [UInt8]) {
        var places: [Int32] = []
        places.reserveCapacity(bytes.count + 1)
        var place: Int32 = -1
        for byte in bytes {
            if !UTF8Text.isContinuation(byte) { place += 1 }
            places.append(place)
        }
        places.append(place + 1)
        self.places = places
    }

    func range(of origin: AlignedText.Origin) -> Range<Int> {
        let last = places.count - 1
        let start = Int(places[min(max(Int(origin.start), 0), last)])
        return start..<max(start, Int(places[min(max(Int(origin.end), 0), last)]))
    }
}
