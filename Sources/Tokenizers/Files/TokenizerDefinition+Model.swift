import Levels
import ModelFiles

extension TokenizerDefinition {
    /// Reads `model` of a `tokenizer.json`. Files that do not say which it is are told by their fields, as by the library.
    /// - Throws: `Issue` for a model that is not known, or malformed.
    init(model fields: JSONFields, file: String) throws {
        let type = try fields.optionalString("type") ?? Self.type(of: fields)
        try fields.require(only: Self.known[type, default: []].union(["type", "vocab"]))
        switch type {
        case "WordPiece":
            let model = WordPiece(
                unknown: try fields.string("unk_token"),
                continuationMark: try fields.string("continuing_subword_prefix"),
                longestWord: fields.value("max_input_chars_per_word") == nil
                    ? 100 : try fields.integer("max_input_chars_per_word", in: 0...1_000_000))
            self.init(file: file, entries: try Self.entries(fields), kind: .wordPiece(model))
        case "BPE":
            self.init(file: file, entries: try Self.entries(fields), kind: .pairs(try Self.pairs(fields)))
        case "Unigram":
            let (entries, model) = try Self.unigram(fields)
            self.init(file: file, entries: entries, kind: .unigram(model))
        case "WordLevel":
            self.init(
                file: file, entries: try Self.entries(fields),
                kind: .words(unknown: try fields.string("unk_token")))
        default: throw fields.wrong("type", "one of \(Self.known.keys.sorted())", .unsupported)
        }
    }

    /// The fields of each kind.
    private static let known: [String: Set<String>] = [
        "WordPiece": ["unk_token", "continuing_subword_prefix", "max_input_chars_per_word"],
        "BPE": [
            "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
            "byte_fallback", "ignore_merges", "merges",
        ], "Unigram": ["unk_id", "byte_fallback"], "WordLevel": ["unk_token"],
    ]

    private static func type(of fields: JSONFields) -> String {
        if fields.value("merges") != nil { return "BPE" }
        if fields.value("unk_id") != nil { return "Unigram" }
        return fields.value("continuing_subword_prefix") != nil ? "WordPiece" : "WordLevel"
    }

    private static func entries(_ fields: JSONFields) throws -> [VocabularyEntry] {
        try entries(vocabulary: fields.fields("vocab"))
    }

    /// The tokens of an object that has their ids.
    /// - Throws: `Issue` for an id that is none.
    static func entries(vocabulary: JSONFields) throws -> [VocabularyEntry] {
        try vocabulary.members.map { member in
            guard case .integer(let id) = member.value, (0..<mostTokens).contains(id) else {
                throw Issue(
                    .malformed, .path(vocabulary.file), field: "token '\(member.key)'",
                    found: "id \(member.value.summary)", allowed: "an integer from 0 to \(mostTokens - 1)")
            }
            return VocabularyEntry(text: member.key, id: Int32(id))
        }
    }

    private static func pairs(_ fields: JSONFields) throws -> Pairs {
        if fields.value("dropout") != nil, try fields.number("dropout", in: 0...1) != 0 {
            throw fields.wrong("dropout", "none or 0", .unsupported)
        }
        let merges = try fields.array("merges").enumerated().map { rank, element in
            switch element {
            case .string(let text):
                if let merge = Merge(text, rank: rank) { return merge }
            case .array(let pair):
                if pair.count == 2, case .string(let left) = pair[0], case .string(let right) = pair[1] {
                    return Merge(left: left, right: right, rank: Int32(rank))
                }
            default: break
            }
            throw fields.wrong("merges", "a list of 'LEFT RIGHT' or [LEFT, RIGHT]")
        }
        var pairs = Pairs(merges: merges)
        pairs.unknown = try fields.optionalString("unk_token")
        pairs.fusesUnknown = try fields.boolean("fuse_unk", default: false)
        pairs.fallsBackToBytes = try fields.boolean("byte_fallback", default: false)
        pairs.ignoresMerges = try fields.boolean("ignore_merges", default: false)
        pairs.prefix = try fields.optionalString("continuing_subword_prefix") ?? ""
        pairs.suffix = try fields.optionalString("end_of_word_suffix") ?? ""
        return pairs
    }

    private static func unigram(_ fields: JSONFields) throws -> ([VocabularyEntry], Unigram) {
        var scores: [Double] = []
        let entries = try fields.array("vocab").enumerated().map { id, element in
            guard id < mostTokens, case .array(let pair) = element, pair.count == 2,
                case .string(let text) = pair[0]
            else { throw fields.wrong("vocab", "a list of tokens and their scores") }
            switch pair[1] {
            case .integer(let score): scores.append(Double(score))
            case .number(let score): scores.append(score)
            default: throw fields.wrong("vocab", "a list of tokens and their scores")
            }
            return VocabularyEntry(text: text, id: Int32(id))
        }
        let unknown = try fields.integer("unk_id", in: 0...max(entries.count - 1, 0))
        let falls = try fields.boolean("byte_fallback", default: false)
        return (entries, Unigram(scores: scores, unknownID: unknown, fallsBackToBytes: falls))
    }
}

extension TokenizerDefinition.Merge {
    /// Reads `LEFT RIGHT`; nil for anything else.
    init?(_ text: some StringProtocol, rank: Int) {
        let parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(
            left: String(decoding: parts[0], as: UTF8.self),
            right: String(decoding: parts[1], as: UTF8.self), rank: Int32(rank))
    }
}
