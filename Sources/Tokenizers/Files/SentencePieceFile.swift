import Levels
import ModelFiles

/// What is read of a sentencepiece model
/// (https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto).
struct SentencePieceFile {
    /// A token and how it is used.
    struct Piece {
        /// The numbers of the file.
        enum Kind: UInt64 {
            case normal = 1
            case unknown, control, userDefined, unused, byte
        }

        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    /// The numbers of the file.
    enum Algorithm: UInt64 {
        case unigram = 1
        case pairs, word, character
    }

    private(set) var pieces: [Piece] = []
    private(set) var algorithm = Algorithm.unigram
    private(set) var fallsBackToBytes = false
    private(set) var marksEnds = false
    /// The map of characters; empty for none.
    private(set) var map: [UInt8] = []
    private(set) var addsPrefix = true
    private(set) var removesExtraSpaces = true
    private(set) var escapesSpaces = true

    /// - Throws: `Issue` for a file that is none of sentencepiece's.
    init(path: String) throws {
        let bytes = try Array(JSONFields.read(path))
        func malformed(_ found: String) -> Issue {
            Issue(.malformed, .path(path), found: found, allowed: "a sentencepiece model")
        }
        do {
            var reader = ProtocolBufferReader(bytes[...])
            while let (field, value) = try reader.next() {
                switch (field, value.bytes) {
                case (1, let bytes?): pieces.append(try Self.piece(bytes))
                case (2, let bytes?): try readTraining(bytes)
                case (3, let bytes?): try readNormalizer(bytes)
                default: break
                }
                guard pieces.count <= TokenizerDefinition.mostTokens else {
                    throw malformed("more than \(TokenizerDefinition.mostTokens) tokens")
                }
            }
        } catch is ProtocolBufferReader.Malformed {
            throw malformed("another encoding")
        }
        guard !pieces.isEmpty else { throw malformed("no tokens") }
    }

    private static func piece(_ bytes: ArraySlice<UInt8>) throws(ProtocolBufferReader.Malformed) -> Piece {
        var reader = ProtocolBufferReader(bytes)
        var piece = Piece()
        while let (field, value) = try reader.next() {
            switch field {
            case 1:
                guard let text = value.string else { throw ProtocolBufferReader.Malformed() }
                piece.text = text
            case 2:
                guard let score = value.float, score.isFinite else { throw ProtocolBufferReader.Malformed() }
                piece.score = score
            case 3:
                guard let kind = value.number.flatMap(Piece.Kind.init) else {
                    throw ProtocolBufferReader.Malformed()
                }
                piece.kind = kind
            default: break
            }
        }
        return piece
    }

    private mutating func readTraining(_ bytes: ArraySlice<UInt8>) throws(ProtocolBufferReader.Malformed) {
        var reader = ProtocolBufferReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 3:
                guard let algorithm = value.number.flatMap(Algorithm.init) else {
                    throw ProtocolBufferReader.Malformed()
                }
                self.algorithm = algorithm
            case 24: marksEnds = value.number == 1
            case 35: fallsBackToBytes = value.number == 1
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(ProtocolBufferReader.Malformed) {
        var reader = ProtocolBufferReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 2: map = Array(value.bytes ?? [])
            case 3: addsPrefix = value.number == 1
            case 4: removesExtraSpaces = value.number == 1
            case 5: escapesSpaces = value.number == 1
            default: break
            }
        }
    }
}
