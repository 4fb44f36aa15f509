/// A token of a model and its id.
struct VocabularyEntry: Sendable, Equatable {
    let text: String
    let id: Int32
}

/// What makes tokens of the pieces of a text.
enum TokenModel: Sendable {
    case wordPiece(WordPieceModel)
    case pairs(BytePairModel)
    case unigram(UnigramModel)
    /// Every piece is a token, or the unknown one.
    case words(ByteTrie, unknownID: Int32)

    /// Appends the tokens of the piece `text[range]`, which is not empty.
    func append(_ text: [UInt8], _ range: Range<Int>, to tokens: inout TokenList) {
        switch self {
        case .wordPiece(let model): model.append(text, range, to: &tokens)
        case .pairs(let model): model.append(text, range, to: &tokens)
        case .unigram(let model): model.append(text, range, to: &tokens)
        case .words(let vocabulary, let unknownID):
            tokens.append(vocabulary.id(of: text[range]) ?? unknownID, range)
        }
    }
}
