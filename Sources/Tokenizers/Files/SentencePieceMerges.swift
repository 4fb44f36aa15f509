import Levels

extension TokenizerDefinition.Merge {
    /// The merges that sentencepiece's scores stand for: any two tokens whose letters together are a token, the highest
    /// score first.
    ///
    /// - Parameters:
    ///   - entries: the tokens that are made of others
    ///   - scores: of all, by their ids
    ///   - file: for errors
    /// - Throws: `Issue` for more tokens than there is room for.
    static func all(of entries: [VocabularyEntry], scores: [Double], file: String) throws
        -> [TokenizerDefinition.Merge]
    {
        var trie = ByteTrie()
        for entry in entries where !entry.text.isEmpty {
            try trie.insert(entry.text.utf8, id: entry.id, file: file)
        }
        // Equal scores have equal ranks, so that the leftmost pair goes first.
        let order = Set(scores).sorted(by: >)
        let ranks = Dictionary(
            order.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
        var merges: [TokenizerDefinition.Merge] = []
        var tried = 0
        for entry in entries {
            let bytes = Array(entry.text.utf8)
            guard let rank = ranks[scores[Int(entry.id)]] else { continue }
            var node = ByteTrie.root
            for end in bytes.indices.dropLast() {
                guard let next = trie.child(of: node, bytes[end]) else { break }
                node = next
                guard trie.id(at: node) != nil else { continue }
                tried += bytes.count
                guard tried <= mostTriedBytes else {
                    throw Issue(
                        .outOfRange, .path(file), field: "the vocabulary",
                        found: "tokens that are made of others in too many ways",
                        allowed: "\(mostTriedBytes) bytes in all")
                }
                guard trie.id(of: bytes[(end + 1)...]) != nil else { continue }
                merges.append(
                    .init(
                        left: String(decoding: bytes[...end], as: UTF8.self),
                        right: String(decoding: bytes[(end + 1)...], as: UTF8.self), rank: rank))
            }
        }
        return merges
    }

    /// Published vocabularies take a hundredth; more would take long, and much memory.
    private static let mostTriedBytes = 1 << 26
}

extension TokenizerDefinition {
    /// How sentencepiece's BPE writes spaces, and reads them.
    ///
    /// - Parameter addsPrefix: whether a text has a space put before it.
    static func spaceMarks(addsPrefix: Bool) -> (normalizer: Normalizer, decoder: TokenDecoder) {
        let mark = String(Metaspace.usualMark)
        let marks = Normalizer.replace(.text([0x20]), content: mark)
        let spaces: [TokenDecoder] = [
            .replace(.text(Array(mark.utf8)), content: [0x20]), .byteFallback, .fuse,
        ]
        return (
            addsPrefix ? .sequence([.prepend(mark), marks]) : marks,
            .sequence(addsPrefix ? spaces + [.strip(" ", start: 1, stop: 0)] : spaces)
        )
    }
}
