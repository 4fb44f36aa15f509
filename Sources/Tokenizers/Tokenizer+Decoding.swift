extension Tokenizer {
    /// The tokens that ids stand for, as the vocabulary spells them; empty for ids outside of it.
    ///
    /// - Parameter ids: the ids
    public func tokens(for ids: [Int32]) -> [String] {
        ids.map { String(decoding: letters(of: $0), as: UTF8.self) }
    }

    /// How a token is spelled; added tokens as they stand in normalized text, if they are found there.
    private func letters(of id: Int32) -> [UInt8] {
        if let added = addedTokens[id] { return added.content }
        return tokens.indices.contains(Int(id)) ? Array(tokens[Int(id)].utf8) : []
    }

    /// The bytes that a token stands for in a text; characters may be cut between tokens. Empty outside the
    /// vocabulary.
    ///
    /// - Parameter id: the token's id
    public func bytes(of id: Int32) -> [UInt8] {
        if spelledBytes.indices.contains(Int(id)) { return spelledBytes[Int(id)] }
        if let added = addedTokens[id] { return added.content }
        let token = letters(of: id)
        return token.isEmpty ? token : decoder?.bytes(of: token) ?? token
    }

    /// The text that ids stand for.
    ///
    /// - Parameters:
    ///   - ids: the ids
    ///   - skippingSpecialTokens: whether special tokens are left out.
    public func text(of ids: [Int32], skippingSpecialTokens: Bool = false) -> String {
        let kept = skippingSpecialTokens ? ids.filter { addedTokens[$0]?.isSpecial != true } : ids
        if case .byteLevel = decoder {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(kept.count * 4)
            for id in kept where spelledBytes.indices.contains(Int(id)) { bytes += spelledBytes[Int(id)] }
            return String(decoding: bytes, as: UTF8.self)
        }
        let spelled = kept.map(letters).filter { !$0.isEmpty }
        guard let decoder else {
            return String(decoding: Array(spelled.joined(separator: [0x20])), as: UTF8.self)
        }
        return String(decoding: Array(decoder.decode(spelled).joined()), as: UTF8.self)
    }

    /// How a token of a piece of text is spelled: as the vocabulary does, or as the text where the model says that it does
    /// not know it.
    func spelling(of id: Int32, _ text: AlignedText, _ range: Range<Int>) -> String {
        if keepsUnknownText(id) { return String(decoding: text.bytes[range], as: UTF8.self) }
        return tokens(for: [id])[0]
    }
}
