import Levels
import ModelFiles

extension TokenizerDefinition {
    /// How the models of a class use their sentencepiece file.
    private enum Family {
        /// The ids are those of the file.
        case plain(adds: Flags)
        /// Every text ends with `</s>`.
        case t5
        /// `[CLS] text [SEP]`
        case albert
        /// Four tokens go before those of the file.
        case xlmRoberta
        /// Five do.
        case camembert
    }

    /// Whether a text starts and ends with the model's own tokens where the settings do not say.
    private struct Flags {
        var start: Bool
        var end: Bool
    }

    private static func family(_ beside: ModelTokens) throws -> Family {
        let kind = (beside.tokenizerClass ?? "").replacing(/(Fast)?$/, with: "")
        switch kind {
        case "", "PreTrainedTokenizer": return .plain(adds: Flags(start: false, end: false))
        case "LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer":
            return .plain(adds: Flags(start: true, end: false))
        case "T5Tokenizer": return .t5
        case "AlbertTokenizer": return .albert
        case "XLMRobertaTokenizer": return .xlmRoberta
        case "CamembertTokenizer": return .camembert
        default:
            throw Issue(
                .unsupported, .path(beside.settings?.file ?? "tokenizer_config.json"),
                field: .key("tokenizer_class"), found: "'\(kind)' with a sentencepiece model",
                allowed: "LlamaTokenizer, CodeLlamaTokenizer, GemmaTokenizer, T5Tokenizer, AlbertTokenizer, "
                    + "XLMRobertaTokenizer or CamembertTokenizer, or a tokenizer.json")
        }
    }

    /// Reads a sentencepiece model; the settings beside it say how its model uses it.
    /// - Throws: `Issue` for a malformed file, or what it asks for and is not followed.
    init(sentencePiece path: String, _ beside: ModelTokens) throws {
        let file = try SentencePieceFile(path: path)
        func unsupported(_ found: String, _ allowed: String) -> Issue {
            Issue(.unsupported, .path(path), found: found, allowed: allowed)
        }
        guard !file.marksEnds, file.escapesSpaces else {
            throw unsupported("spaces that are not written before words", "'▁' before words")
        }
        let family = try Self.family(beside)
        let pieces = Self.pieces(file, family)
        let entries = pieces.enumerated().map { VocabularyEntry(text: $1.text, id: Int32($0)) }
        guard let unknown = pieces.firstIndex(where: { $0.kind == .unknown }) else {
            throw unsupported("no unknown token", "one")
        }
        let scores = pieces.map { Double($0.score) }
        switch file.algorithm {
        case .unigram:
            // Tokens that are not found in text have the worst of scores, and no letters.
            let model = Unigram(
                scores: scores, unknownID: unknown, fallsBackToBytes: file.fallsBackToBytes)
            self.init(file: path, entries: entries, kind: .unigram(model))
        case .pairs:
            let learned = entries.filter {
                [.normal, .userDefined, .unused].contains(pieces[Int($0.id)].kind)
            }
            var pairs = Pairs(merges: try Merge.all(of: learned, scores: scores, file: path))
            pairs.unknown = pieces[unknown].text
            pairs.fusesUnknown = true
            pairs.fallsBackToBytes = file.fallsBackToBytes
            self.init(file: path, entries: entries, kind: .pairs(pairs))
        case .word, .character: throw unsupported("a model of words or characters", "unigram or BPE")
        }
        addedTokens = zip(pieces, entries).compactMap { piece, entry in
            guard piece.kind == .control || piece.kind == .userDefined else { return nil }
            var token = AddedToken(entry.text, id: entry.id)
            token.isSpecial = piece.kind == .control
            return token
        }
        try prepare(file)
        try surround(family, beside)
    }

    private mutating func prepare(_ file: SentencePieceFile) throws {
        let (marks, spaces) = Self.spaceMarks(addsPrefix: file.addsPrefix)
        var steps: [Normalizer] = []
        if !file.map.isEmpty {
            guard let map = PrecompiledMap(file.map) else {
                throw Issue(
                    .malformed, .path(self.file), field: "precompiled_charsmap",
                    found: "\(file.map.count) bytes", allowed: "a double-array trie")
            }
            steps.append(.precompiled(map))
        }
        if file.removesExtraSpaces {
            steps += [.strip(.one(" "), left: true, right: false), .replace(.spaces, content: " ")]
        }
        steps.append(marks)
        // The end is cut off when spaces are marks already, so marks in the text go along.
        if file.removesExtraSpaces {
            steps.append(.strip(.one(Metaspace.usualMark), left: false, right: true))
        }
        normalizer = .sequence(steps)
        decoder = spaces
    }

    private static func pieces(_ file: SentencePieceFile, _ family: Family) -> [SentencePieceFile.Piece] {
        func own(_ text: String, _ kind: SentencePieceFile.Piece.Kind, score: Float = 0)
            -> SentencePieceFile.Piece
        {
            .init(text: text, score: score, kind: kind)
        }
        switch family {
        case .plain, .t5, .albert: return file.pieces
        case .xlmRoberta:
            let first = [
                own("<s>", .control), own("<pad>", .control), own("</s>", .control), own("<unk>", .unknown),
            ]
            return first + file.pieces.dropFirst(3) + [own("<mask>", .control)]
        case .camembert:
            let first = [
                own("<s>NOTUSED", .control), own("<pad>", .control), own("</s>NOTUSED", .control),
                own("<unk>", .unknown), own("<unk>NOTUSED", .control, score: -100),
            ]
            return first + file.pieces.dropFirst() + [own("<mask>", .control)]
        }
    }

    private mutating func surround(_ family: Family, _ beside: ModelTokens) throws {
        let ids = ids()
        func token(_ name: String, _ usual: String) throws -> SpecialToken {
            try Self.special(beside.named[name] ?? usual, ids, file: file)
        }
        let (start, end): (SpecialToken?, SpecialToken?)
        switch family {
        case .plain(let adds):
            let addsStart = try beside.settings?.boolean("add_bos_token", default: adds.start) ?? adds.start
            let addsEnd = try beside.settings?.boolean("add_eos_token", default: adds.end) ?? adds.end
            start = addsStart ? try token("bos_token", "<s>") : nil
            end = addsEnd ? try token("eos_token", "</s>") : nil
        case .t5: (start, end) = (nil, try token("eos_token", "</s>"))
        case .albert: (start, end) = (try token("cls_token", "[CLS]"), try token("sep_token", "[SEP]"))
        case .xlmRoberta, .camembert:
            (start, end) = (try token("cls_token", "<s>"), try token("sep_token", "</s>"))
        }
        postProcessor.single = [.first(type: 0)].between(start, end, type: 0)
        let second: [PostProcessor.Part]
        switch family {
        case .xlmRoberta, .camembert:
            second = [.second(type: 0)].between(end, end, type: 0)
        case .plain: second = [.second(type: 1)].between(start, end, type: 1)
        case .t5: second = [.second(type: 0)].between(nil, end, type: 0)
        case .albert: second = [.second(type: 1)].between(nil, end, type: 1)
        }
        postProcessor.pair = postProcessor.single + second
    }
}
