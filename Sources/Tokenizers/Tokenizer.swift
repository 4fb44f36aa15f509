import Levels
import ModelFiles

/// A model's tokenizer, with the ids that the Hugging Face `tokenizers` library gives.
///
///     let tokenizer = try Tokenizer(folder: "models/minilm")
///     tokenizer.encode("Hello world!")                                  // [101, 7592, 2088, 999, 102]
///     tokenizer.encode("Hello world!", addingSpecialTokens: false)      // [7592, 2088, 999]
///
/// A text goes through five steps: added tokens are cut out of it, the rest is brought into a normal form, cut into
/// pieces, made into tokens by the model, and special tokens are put around it. Encoding takes time linear in the text,
/// but for a logarithm where a model merges pairs. A value is immutable and can be shared among threads.
public struct Tokenizer: Sendable {
    /// One more than the highest token id: the rows that an embedding needs.
    public let vocabularySize: Int
    /// The id of the token that fills short rows of a batch; 0 where there is none.
    public let paddingID: Int32
    /// Ids after which a text is complete.
    public let endIDs: Set<Int32>
    /// The Jinja template of conversations; nil when the model has none.
    public let chatTemplate: String?
    /// Tokens that the model's files name, such as `bos_token` and `eos_token`.
    public let namedTokens: [String: String]
    /// The most tokens that `tokenizer.json` cuts texts to; nil where it does not.
    public let truncationLimit: Int?

    /// Every token as the vocabulary spells it, by its id; empty where an id stands for nothing.
    package let tokens: [String]
    /// As they are found: those of normalized text in its form.
    let addedTokens: [Int32: AddedToken]
    let postProcessor: PostProcessor
    let decoder: TokenDecoder?
    /// The bytes that each token of a byte-level tokenizer stands for; empty for the others.
    let spelledBytes: [[UInt8]]
    /// What a tokenizer file is written from; nil for kinds of which none is.
    package let byteLevelParts: ByteLevelParts?

    private let normalizer: Normalizer?
    private let preTokenizers: [PreTokenizer]
    private let model: TokenModel
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    /// Whether pieces depend on where they come from in the raw text.
    private let needsOrigins: Bool

    /// Reads the tokenizer of a model folder: `tokenizer.json`, else what older models have, `vocab.txt`, `vocab.json`
    /// and `merges.txt`, or sentencepiece's file.
    ///
    /// - Parameters:
    ///   - folder: the model's folder
    ///   - lowercases: puts text in lower case, whatever the files say.
    /// - Throws: `Issue` for files that are missing or malformed, or ask for what is not followed.
    public init(folder: String, lowercases: Bool = false) throws {
        try self.init(TokenizerDefinition(folder: folder), lowercases: lowercases)
    }

    /// Reads the tokenizer of a GGUF file's metadata.
    ///
    /// - Parameter gguf: the file
    /// - Throws: `Issue` for another kind of tokenizer, or a damaged one.
    public init(gguf: GGUFFile) throws {
        try self.init(TokenizerDefinition(gguf: gguf))
    }

    init(_ definition: TokenizerDefinition, lowercases: Bool = false) throws {
        let vocabulary = try Vocabulary(definition)
        let normalizer =
            lowercases ? definition.normalizer?.lowercasing ?? .lowercase : definition.normalizer
        let (model, readsBytes) = try vocabulary.model(definition)
        let added = definition.addedTokens.map { $0.isNormalized ? $0.normalized(by: normalizer) : $0 }
        tokens = vocabulary.tokens
        vocabularySize = tokens.count
        namedTokens = definition.namedTokens
        chatTemplate = definition.chatTemplate
        truncationLimit = definition.maximumTokens
        endIDs = definition.endIDs.union(vocabulary.customaryEnds(definition.namedTokens))
        paddingID =
            (definition.namedTokens["pad_token"].map { [$0] } ?? ["[PAD]", "<pad>"])
            .lazy.compactMap(vocabulary.id(of:)).first ?? 0
        addedTokens = Dictionary(added.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        postProcessor = definition.postProcessor
        // The library puts spaces between tokens of files without a decoder; bytes need none.
        decoder = definition.decoder ?? (readsBytes ? .byteLevel : nil)
        if case .byteLevel = decoder {
            var bytes = tokens.map { ByteAlphabet.bytes(of: $0) ?? Array($0.utf8) }
            for token in added { bytes[Int(token.id)] = token.content }
            spelledBytes = bytes
        } else {
            spelledBytes = []
        }
        byteLevelParts = ByteLevelParts(definition)
        self.normalizer = normalizer
        self.model = model
        // A model that reads bytes needs no spelling of them.
        preTokenizers = readsBytes ? definition.preTokenizers.dropLast() : definition.preTokenizers
        rawTokens = AddedTokenMatcher(added.filter { !$0.isNormalized })
        normalizedTokens = AddedTokenMatcher(added.filter(\.isNormalized))
        let first = definition.preTokenizers.firstIndex {
            if case .metaspace(let metaspace) = $0 { metaspace.prefix == .first } else { false }
        }
        needsOrigins =
            first.map { step in
                normalizer != nil || definition.preTokenizers[..<step].contains(where: \.rewrites)
            } ?? false
    }

    /// Whether text is put in lower case.
    var lowercases: Bool { normalizer?.lowercases ?? false }

    // MARK: Encoding

    /// The ids of a text, special tokens around it included; one that is too long loses its end but keeps those.
    ///
    /// - Parameters:
    ///   - text: the text; added tokens written out in it become their ids.
    ///   - maximumTokens: the most ids to return, at least as many as there are special ones.
    public func encode(_ text: String, maximumTokens: Int) -> [Int32] {
        postProcessor.ids(of: pieces(of: text, limit: limit(maximumTokens, specials: specialCount)))
    }

    /// The ids of each text, as by the other `encode`; rows are not padded.
    ///
    /// - Parameters:
    ///   - texts: the texts
    ///   - maximumTokens: the most ids of each
    public func encode(_ texts: [String], maximumTokens: Int) -> [[Int32]] {
        texts.map { encode($0, maximumTokens: maximumTokens) }
    }

    /// The ids of a text, however many there are.
    ///
    /// - Parameters:
    ///   - text: the text; added tokens written out in it become their ids.
    ///   - addingSpecialTokens: whether the tokens that the model expects around a text are put there. What a chat
    ///     template makes has them already.
    public func encode(_ text: String, addingSpecialTokens: Bool = true) -> [Int32] {
        let ids = pieces(of: text)
        return addingSpecialTokens ? postProcessor.ids(of: ids) : Array(ids)
    }

    /// The token that every text starts with; nil for none.
    package var startID: Int32? {
        guard case .special(_, let id, _) = postProcessor.single.first else { return nil }
        return id
    }

    /// The id of a token that the model's files name.
    package func id(named name: String) -> Int32? {
        namedTokens[name].flatMap { token in
            tokens.firstIndex { $0.utf8.elementsEqual(token.utf8) }.map { Int32($0) }
        }
    }

    /// Special tokens that are put before a text and after it.
    public var specialCounts: (before: Int, after: Int) { postProcessor.specialCounts }

    private var specialCount: Int { specialCounts.before + specialCounts.after }

    /// The special tokens of a text or of a pair, whichever are more.
    var fewestTokens: Int { max(specialCount, postProcessor.pairSpecialCount) }

    func limit(_ maximumTokens: Int, specials: Int) -> Int {
        precondition(
            maximumTokens >= specials, "maximumTokens: found \(maximumTokens), allowed at least \(specials)")
        return maximumTokens - specials
    }

    /// The first ids of a text alone, at most `limit` of them.
    func pieces(of text: String, limit: Int = .max) -> ArraySlice<Int32> {
        var tokens = TokenList()
        forEachPiece(of: AlignedText(raw: text, isTracked: needsOrigins)) { piece in
            switch piece {
            case .token(let id, _, _): tokens.append(id, 0..<0)
            case .text(let text, let range): model.append(text.bytes, range, to: &tokens)
            }
            return tokens.ids.count < limit
        }
        return tokens.ids.prefix(limit)
    }

    /// A part of a text that becomes tokens.
    enum Piece {
        /// An added token.
        case token(Int32, AlignedText, Range<Int>)
        /// What the model makes tokens of.
        case text(AlignedText, Range<Int>)
    }

    /// Calls `body` with every part of a text, in order, until it returns false.
    func forEachPiece(of raw: AlignedText, _ body: (Piece) -> Bool) {
        for piece in rawTokens.pieces(of: raw.bytes, in: raw.bytes.indices) {
            let goesOn: Bool
            switch piece {
            case .token(let id, let range): goesOn = body(.token(id, raw, range))
            case .text(let range):
                if let normalizer {
                    let normal = normalizer.normalize(raw.slice(range))
                    goesOn = split(normal, normal.bytes.indices, body)
                } else {
                    goesOn = split(raw, range, body)
                }
            }
            if !goesOn { return }
        }
    }

    private func split(_ text: AlignedText, _ range: Range<Int>, _ body: (Piece) -> Bool) -> Bool {
        for piece in normalizedTokens.pieces(of: text.bytes, in: range) {
            switch piece {
            case .token(let id, let range):
                guard body(.token(id, text, range)) else { return false }
            case .text(let range):
                guard
                    preTokenizers.forEachPiece(
                        of: text, in: range, { text, range in body(.text(text, range)) })
                else { return false }
            }
        }
        return true
    }

    func append(_ text: AlignedText, _ range: Range<Int>, to tokens: inout TokenList) {
        model.append(text.bytes, range, to: &tokens)
    }

    /// Whether a token of that id is spelled as the text that it was made of: unigram models know no other spelling of
    /// what they do not know.
    func keepsUnknownText(_ id: Int32) -> Bool {
        if case .unigram(let model) = model { model.unknownID == id } else { false }
    }
}

extension AddedToken {
    /// It as it stands in normalized text.
    fileprivate func normalized(by normalizer: Normalizer?) -> AddedToken {
        guard let normalizer else { return self }
        let text = AlignedText(raw: String(decoding: content, as: UTF8.self), isTracked: false)
        var token = AddedToken(content: normalizer.normalize(text).bytes, id: id)
        (token.isSpecial, token.isSingleWord, token.isNormalized) = (isSpecial, isSingleWord, isNormalized)
        (token.stripsLeft, token.stripsRight) = (stripsLeft, stripsRight)
        return token
    }
}
