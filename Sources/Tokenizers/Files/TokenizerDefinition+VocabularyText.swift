import Foundation
import Levels
import ModelFiles

extension TokenizerDefinition {
    private static let specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

    /// Reads BERT's `vocab.txt`, one token per line and its id the line's number from 0, with the settings of the
    /// `tokenizer_config.json` beside it, if there is one.
    /// - Throws: `Issue` for a token that is there twice, or one of `[CLS]`, `[SEP]` and the unknown token that is not.
    init(vocabularyText path: String, _ beside: ModelTokens) throws {
        let bytes = try Array(JSONFields.read(path))
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Issue(
                .malformed, .path(path), found: "bytes that are not UTF-8", allowed: "one token per line")
        }
        var entries: [VocabularyEntry] = []
        var lineOfToken: [[UInt8]: Int] = [:]
        for (line, rest) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            guard line < Self.mostTokens else { break }
            var scalars = String(decoding: rest, as: UTF8.self).unicodeScalars[...]
            while let last = scalars.last, BertCharacters.isWhitespace(last) { scalars.removeLast() }
            if scalars.isEmpty { continue }
            let text = String(scalars)
            if let earlier = lineOfToken.updateValue(line + 1, forKey: Array(text.utf8)) {
                throw Issue(
                    .malformed, .path(path), field: .line(line + 1),
                    found: "'\(text)' again after line \(earlier)", allowed: "once")
            }
            entries.append(VocabularyEntry(text: text, id: Int32(line)))
        }
        self.init(
            file: path, entries: entries,
            kind: .wordPiece(WordPiece(unknown: beside.named["unk_token"] ?? "[UNK]")))
        normalizer = .bert(try BertNormalizer(settings: beside.settings))
        preTokenizers = [.bert]
        decoder = .wordPiece(prefix: Array("##".utf8), cleansUp: true)
        addedTokens = entries.filter { Self.specialTokens.contains($0.text) }.map {
            AddedToken($0.text, id: $0.id)
        }
        let ids = ids()
        let start = try Self.special(beside.named["cls_token"] ?? "[CLS]", ids, file: path)
        let end = try Self.special(beside.named["sep_token"] ?? "[SEP]", ids, file: path)
        postProcessor.single = [.first(type: 0)].between(start, end, type: 0)
        postProcessor.pair = postProcessor.single + [.second(type: 1), end.part(type: 1)]
    }
}

extension BertNormalizer {
    /// Reads the settings of `tokenizer_config.json`.
    fileprivate init(settings: JSONFields?) throws {
        let lowercases = try settings?.boolean("do_lower_case", default: true) ?? true
        self.init(
            spacesChineseCharacters: try settings?.boolean("tokenize_chinese_chars", default: true) ?? true,
            stripsAccents: try settings?.boolean("strip_accents", default: lowercases) ?? lowercases,
            lowercases: lowercases)
    }
}
