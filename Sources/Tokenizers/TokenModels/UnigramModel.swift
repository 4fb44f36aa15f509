/// The best ways to the ends of a text's prefixes, in memory that serves one text after another.
struct UnigramPaths {
    struct End {
        var score = 0.0
        /// Where the last token starts; -1 where no way leads here.
        var start: Int32 = -1
        var id: Int32 = 0
    }

    var ends: [End] = []
    var pieces: [UnigramModel.Piece] = []
}

/// The unigram model (Kudo, 2018): the tokens whose scores have the greatest sum, found by Viterbi's algorithm.
struct UnigramModel: Sendable {
    /// A token, or characters that have none.
    struct Piece {
        var id: Int32
        var range: Range<Int>
    }

    private let vocabulary: ByteTrie
    private let scores: [Double]
    let unknownID: Int32
    private let unknownScore: Double
    private let byteIDs: [Int32?]

    /// An unknown character has the lowest score and so much less.
    private static let unknownPenalty = 10.0

    /// - Parameters:
    ///   - tokens: every token, by its id
    ///   - scores: theirs
    ///   - unknownID: stands for characters without a token
    ///   - byteIDs: the tokens of single bytes, which then stand for them instead; empty for none
    ///   - file: for errors
    /// - Throws: `Issue` for more tokens than there is room for.
    init(_ tokens: [String], scores: [Double], unknownID: Int32, byteIDs: [Int32?], file: String) throws {
        var vocabulary = ByteTrie()
        for (id, token) in tokens.enumerated() where !token.isEmpty {
            try vocabulary.insert(token.utf8, id: Int32(id), file: file)
        }
        (self.vocabulary, self.scores, self.unknownID) = (vocabulary, scores, unknownID)
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        self.byteIDs = byteIDs
    }

    /// Appends the tokens of `text[range]`.
    func append(_ text: [UInt8], _ range: Range<Int>, to tokens: inout TokenList) {
        findPaths(text, range, &tokens.paths)
        collectPieces(range, &tokens.paths)
        for piece in tokens.paths.pieces.reversed() {
            if piece.id != unknownID {
                tokens.append(piece.id, piece.range)
            } else if let id = vocabulary.id(of: text[piece.range]) {
                tokens.append(id, piece.range)
            } else if let ids = byteIDs(of: text[piece.range]) {
                for id in ids { tokens.append(id, piece.range) }
            } else {
                tokens.append(unknownID, piece.range)
            }
        }
    }

    private func findPaths(_ text: [UInt8], _ range: Range<Int>, _ paths: inout UnigramPaths) {
        let first = range.lowerBound
        paths.ends.removeAll(keepingCapacity: true)
        paths.ends.append(contentsOf: repeatElement(UnigramPaths.End(), count: range.count + 1))
        var start = first
        while start < range.upperBound {
            let score = paths.ends[start - first].score
            let characterEnd = min(start + UTF8Text.width(of: text[start]), range.upperBound)
            var hasCharacter = false
            func offer(_ id: Int32, _ end: Int, _ total: Double) {
                let best = paths.ends[end - first]
                if best.start < 0 || total > best.score {
                    paths.ends[end - first] = .init(score: total, start: Int32(start - first), id: id)
                }
            }
            var node = ByteTrie.root
            for index in start..<range.upperBound {
                guard let next = vocabulary.child(of: node, text[index]) else { break }
                node = next
                guard let id = vocabulary.id(at: node) else { continue }
                offer(id, index + 1, score + scores[Int(id)])
                if index + 1 == characterEnd { hasCharacter = true }
            }
            if !hasCharacter { offer(unknownID, characterEnd, score + unknownScore) }
            start = characterEnd
        }
    }

    /// The tokens of the best way, the last first; unknown ones in a row are one.
    private func collectPieces(_ range: Range<Int>, _ paths: inout UnigramPaths) {
        paths.pieces.removeAll(keepingCapacity: true)
        var end = range.count
        var followsUnknown = false
        while end > 0 {
            let best = paths.ends[end]
            // Every character ends a way, if only as an unknown one.
            let start = max(Int(best.start), 0)
            let found = range.lowerBound + start..<range.lowerBound + end
            if best.id == unknownID, followsUnknown, let last = paths.pieces.last {
                paths.pieces[paths.pieces.count - 1].range = found.lowerBound..<last.range.upperBound
            } else {
                paths.pieces.append(Piece(id: best.id, range: found))
            }
            followsUnknown = best.id == unknownID
            end = start
        }
    }

    private func byteIDs(of bytes: ArraySlice<UInt8>) -> [Int32]? {
        if byteIDs.isEmpty { return nil }
        let ids = bytes.compactMap { byteIDs[Int($0)] }
        return ids.count == bytes.count ? ids : nil
    }
}
