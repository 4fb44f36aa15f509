/// The normalizer of BERT, with the four settings of `tokenizer.json`.
struct BertNormalizer: Sendable {
    var cleansText = true
    var spacesChineseCharacters = true
    var stripsAccents = true
    var lowercases = true

    /// The normal form of a text.
    func normalize(_ text: AlignedText) -> AlignedText {
        if !text.isTracked, text.bytes.allSatisfy({ $0 < 0x80 }) { return normalizeASCII(text) }
        var text = text
        if cleansText {
            text = text.filtered { !BertCharacters.isRemovedByCleaning($0) }
                .mapped { BertCharacters.isWhitespace($0) ? " " : $0 }
        }
        if spacesChineseCharacters { text = spaceChinese(text) }
        if stripsAccents {
            text = NormalForm.canonicalDecomposition.normalize(text)
                .filtered { !BertCharacters.isNonspacingMark($0) }
        }
        return lowercases ? Normalizer.lowercased(text) : text
    }

    private func normalizeASCII(_ text: AlignedText) -> AlignedText {
        var normal: [UInt8] = []
        normal.reserveCapacity(text.bytes.count)
        for byte in text.bytes {
            switch byte {
            case 0x41...0x5A where lowercases: normal.append(byte | 0x20)
            case 0x20...0x7E: normal.append(byte)
            case 0x09, 0x0A, 0x0D: normal.append(cleansText ? 0x20 : byte)
            default: if !cleansText { normal.append(byte) }
            }
        }
        return AlignedText(normal, origins: [], isTracked: false, start: text.start)
    }

    private func spaceChinese(_ text: AlignedText) -> AlignedText {
        var rewriter = TextRewriter(text)
        var index = 0
        while index < text.bytes.count {
            let (scalar, end) = UTF8Text.character(in: text.bytes, at: index)
            if BertCharacters.isChinese(scalar) {
                rewriter.copy(to: index)
                rewriter.append(" ")
                rewriter.append(scalar, change: 1)
                rewriter.append(" ", change: 1)
            }
            index = end
        }
        if rewriter.position == 0 { return text }
        rewriter.copy(to: text.bytes.count)
        return rewriter.text
    }
}
