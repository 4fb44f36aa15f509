import Foundation
import Levels
import ModelFiles

extension WordPieceDefinition {
    private static let specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

    /// Reads a `vocab.txt`, one token per line and its id the line's number from 0, and the settings of
    /// the `tokenizer_config.json` beside it, if there is one.
    init(vocabularyText path: String, settings: String) throws {
        var tokens: [(text: String, id: Int32)] = []
        var lineOfToken: [[UInt8]: Int] = [:]
        let bytes = try Array(JSONFields.read(path))
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Issue(
                .malformed, .path(path), found: "bytes that are not UTF-8", allowed: "one token per line")
        }
        for (line, rest) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            var scalars = String(decoding: rest, as: UTF8.self).unicodeScalars[...]
            while let last = scalars.last, BertCharacters.isWhitespace(last) { scalars.removeLast() }
            if scalars.isEmpty { continue }
            let text = String(scalars)
            if let earlier = lineOfToken.updateValue(line + 1, forKey: Array(text.utf8)) {
                throw Issue(
                    .malformed, .path(path), field: .line(line + 1),
                    found: "'\(text)' again after line \(earlier)", allowed: "once")
            }
            tokens.append((text, Int32(line)))
        }
        self.init(
            file: path,
            tokens: tokens,
            normalizer: try Self.normalizer(settings: settings),
            addedTokens: tokens.filter { Self.specialTokens.contains($0.text) }.map {
                AddedToken(content: Array($0.text.utf8), id: $0.id, isSingleWord: false, isNormalized: false)
            })
    }

    private static func normalizer(settings path: String) throws -> BertNormalizer {
        guard FileManager.default.fileExists(atPath: path) else { return BertNormalizer() }
        let fields = try JSONFields(contentsOf: path)
        func boolean(_ key: String, default fallback: Bool) throws -> Bool {
            try fields.value(key) == nil ? fallback : fields.boolean(key)
        }
        let lowercases = try boolean("do_lower_case", default: true)
        return BertNormalizer(
            spacesChineseCharacters: try boolean("tokenize_chinese_chars", default: true),
            stripsAccents: try boolean("strip_accents", default: lowercases),
            lowercases: lowercases)
    }
}
