import Levels
import ModelFiles

extension TokenizerDefinition {
    /// llama.cpp's numbers for kinds of tokens.
    enum GGUFTokenType {
        static let normal = 1
        static let unknown = 2
        static let control = 3
        static let userDefined = 4
        static let unused = 5
    }

    /// Reads the tokenizer of a GGUF file's metadata.
    /// - Throws: `Issue` for a kind that is not known, or a damaged file.
    init(gguf: GGUFFile) throws {
        let tokens = try gguf.strings("tokenizer.ggml.tokens")
        guard tokens.count <= Self.mostTokens else {
            throw gguf.wrong("tokenizer.ggml.tokens", "at most \(Self.mostTokens)", .outOfRange)
        }
        let types =
            gguf.value("tokenizer.ggml.token_type") == nil
            ? tokens.map { _ in GGUFTokenType.normal } : try gguf.integers("tokenizer.ggml.token_type")
        guard types.count == tokens.count else {
            throw gguf.wrong(
                "tokenizer.ggml.token_type", "a list of \(tokens.count), as there are tokens", .mismatch)
        }
        switch try gguf.string("tokenizer.ggml.model") {
        case "gpt2": try self.init(byteLevel: gguf, tokens)
        case "llama": try self.init(sentencePiece: gguf, tokens, types)
        case "bert": try self.init(wordPiece: gguf, tokens, types)
        default:
            throw gguf.wrong("tokenizer.ggml.model", "'gpt2', 'llama' or 'bert'", .unsupported)
        }
        let texts = entries.map(\.text)
        addedTokens = zip(texts, types).enumerated().compactMap { id, token in
            guard token.1 == GGUFTokenType.control || token.1 == GGUFTokenType.userDefined else { return nil }
            var added = AddedToken(token.0, id: Int32(id))
            added.isSpecial = token.1 == GGUFTokenType.control
            return added
        }
        namedTokens = try Self.namedTokens(gguf, texts)
        let ends = try ["eos", "eot", "eom"].compactMap { try Self.id("\($0)_token_id", gguf, texts.count) }
        endIDs = Set(ends)
        if case .string(let template) = gguf.value("tokenizer.chat_template") { chatTemplate = template }
    }

    private static func id(_ key: String, _ gguf: GGUFFile, _ count: Int) throws -> Int32? {
        let key = "tokenizer.ggml.\(key)"
        guard let value = gguf.value(key) else { return nil }
        // llama.cpp writes -1, or its unsigned form, for none.
        guard let id = value.integer else { throw gguf.wrong(key, "an integer") }
        return (0..<count).contains(id) ? Int32(id) : nil
    }

    private static func namedTokens(_ gguf: GGUFFile, _ tokens: [String]) throws -> [String: String] {
        let keys = [
            "bos_token": "bos_token_id", "eos_token": "eos_token_id", "unk_token": "unknown_token_id",
            "sep_token": "seperator_token_id", "pad_token": "padding_token_id", "cls_token": "cls_token_id",
            "mask_token": "mask_token_id",
        ]
        var named: [String: String] = [:]
        for (name, key) in keys {
            if let id = try id(key, gguf, tokens.count) { named[name] = tokens[Int(id)] }
        }
        return named
    }

    /// A token that is put to every text, by whether the file says so.
    private static func special(
        _ flag: String, default adds: Bool, _ keys: [String], _ gguf: GGUFFile, _ tokens: [String]
    ) throws -> SpecialToken? {
        let flag = "tokenizer.ggml.\(flag)"
        switch gguf.value(flag) {
        case nil: guard adds else { return nil }
        case .boolean(let isAdded): guard isAdded else { return nil }
        default: throw gguf.wrong(flag, "true or false")
        }
        for key in keys {
            if let id = try id(key, gguf, tokens.count) { return SpecialToken(text: tokens[Int(id)], id: id) }
        }
        guard gguf.value(flag) == nil else {
            throw gguf.wrong("tokenizer.ggml.\(keys[0])", "a token's id, as \(flag) is true")
        }
        return nil
    }

    private mutating func surround(
        _ gguf: GGUFFile, _ tokens: [String], start: Bool, end: Bool, startKeys: [String], endFlag: String,
        endKeys: [String]
    ) throws {
        let start = try Self.special("add_bos_token", default: start, startKeys, gguf, tokens)
        let end = try Self.special(endFlag, default: end, endKeys, gguf, tokens)
        postProcessor.single = [.first(type: 0)].between(start, end, type: 0)
        postProcessor.pair =
            postProcessor.single
            + [PostProcessor.Part.second(type: 1)]
            .between(nil, end, type: 1)
    }

    // MARK: The kinds

    private init(byteLevel gguf: GGUFFile, _ tokens: [String]) throws {
        let pre = try gguf.string("tokenizer.ggml.pre")
        guard let known = ByteLevelKind.all.first(where: { $0.ggufNames.contains(pre) }) else {
            let allowed = ByteLevelKind.all.flatMap(\.ggufNames).map { "'\($0)'" }.joined(separator: ", ")
            throw gguf.wrong("tokenizer.ggml.pre", allowed, .unsupported)
        }
        let merges = try gguf.strings("tokenizer.ggml.merges").enumerated().map { rank, text in
            guard let merge = Merge(text, rank: rank) else {
                throw gguf.wrong("tokenizer.ggml.merges", "'LEFT RIGHT'")
            }
            return merge
        }
        var pairs = Pairs(merges: merges)
        pairs.ignoresMerges = known.ignoresMerges
        self.init(file: gguf.path, entries: Self.entries(tokens), kind: .pairs(pairs))
        preTokenizers = known.preTokenizers
        if known.composes { normalizer = .form(NormalForm(composes: true, isCompatible: false)) }
        decoder = .byteLevel
        try surround(
            gguf, tokens, start: known.addsStart, end: false, startKeys: ["bos_token_id"],
            endFlag: "add_eos_token", endKeys: ["eos_token_id"])
    }

    private static func entries(_ tokens: [String]) -> [VocabularyEntry] {
        tokens.enumerated().map { VocabularyEntry(text: $1, id: Int32($0)) }
    }

    private init(sentencePiece gguf: GGUFFile, _ tokens: [String], _ types: [Int]) throws {
        guard case .array(_, let elements) = gguf.value("tokenizer.ggml.scores"),
            elements.count == tokens.count
        else { throw gguf.wrong("tokenizer.ggml.scores", "a list of \(tokens.count), as there are tokens") }
        let scores = elements.map { $0.number ?? 0 }
        let entries = Self.entries(tokens)
        let learned = entries.filter {
            [GGUFTokenType.normal, GGUFTokenType.userDefined, GGUFTokenType.unused].contains(
                types[Int($0.id)])
        }
        var pairs = Pairs(merges: try Merge.all(of: learned, scores: scores, file: gguf.path))
        pairs.fallsBackToBytes = true
        pairs.fusesUnknown = true
        pairs.unknown = types.firstIndex(of: GGUFTokenType.unknown).map { tokens[$0] }
        self.init(file: gguf.path, entries: entries, kind: .pairs(pairs))
        let addsSpace: Bool
        switch gguf.value("tokenizer.ggml.add_space_prefix") {
        case nil: addsSpace = true
        case .boolean(let adds): addsSpace = adds
        default: throw gguf.wrong("tokenizer.ggml.add_space_prefix", "true or false")
        }
        (normalizer, decoder) = Self.spaceMarks(addsPrefix: addsSpace)
        try surround(
            gguf, tokens, start: true, end: false, startKeys: ["bos_token_id"], endFlag: "add_eos_token",
            endKeys: ["eos_token_id"])
    }

    private init(wordPiece gguf: GGUFFile, _ tokens: [String], _ types: [Int]) throws {
        // llama.cpp marks the tokens that start a word, and not those that continue one.
        let mark = String(Metaspace.usualMark)
        let texts = zip(tokens, types).map { token, type in
            if type == GGUFTokenType.control { return token }
            return token.utf8.starts(with: mark.utf8)
                ? String(decoding: token.utf8.dropFirst(mark.utf8.count), as: UTF8.self) : "##" + token
        }
        let unknown = try Self.id("unknown_token_id", gguf, texts.count).map { texts[Int($0)] } ?? "[UNK]"
        self.init(
            file: gguf.path, entries: Self.entries(texts), kind: .wordPiece(WordPiece(unknown: unknown)))
        normalizer = .bert(BertNormalizer())
        preTokenizers = [.bert]
        decoder = .wordPiece(prefix: Array("##".utf8), cleansUp: true)
        try surround(
            gguf, texts, start: true, end: true, startKeys: ["cls_token_id", "bos_token_id"],
            endFlag: "add_sep_token", endKeys: ["seperator_token_id", "eos_token_id"])
    }
}
