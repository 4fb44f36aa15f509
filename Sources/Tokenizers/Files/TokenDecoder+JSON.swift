import ModelFiles

extension TokenDecoder {
    /// Reads `decoder` of a `tokenizer.json`.
    /// - Throws: `Issue` for a step that is not known, or malformed.
    init(_ fields: JSONFields, place: String = "decoder.") throws {
        let type = try fields.string("type")
        try fields.require(only: Self.known[type, default: []].union(["type"]))
        switch type {
        case "ByteLevel": self = .byteLevel
        case "WordPiece":
            self = .wordPiece(
                prefix: Array(try fields.string("prefix").utf8),
                cleansUp: try fields.boolean("cleanup", default: true))
        case "Metaspace":
            let metaspace = try Metaspace(fields)
            self = .metaspace(mark: metaspace.mark, dropsFirst: metaspace.prefix != .never)
        case "BPEDecoder": self = .suffix(Array(try fields.string("suffix").utf8))
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                try fields.character("content"), start: try fields.integer("start", in: 0...1_000_000),
                stop: try fields.integer("stop", in: 0...1_000_000))
        case "Replace":
            self = .replace(
                try fields.pattern("pattern"), content: Array(try fields.string("content").utf8))
        case "Sequence":
            self = .sequence(
                try fields.list("decoders", place: place).map {
                    try TokenDecoder($0, place: "\(place)decoders.")
                })
        default: throw fields.wrong("type", "one of \(Self.known.keys.sorted())", .unsupported)
        }
    }

    /// The fields of each kind.
    private static let known: [String: Set<String>] = [
        "ByteLevel": ["add_prefix_space", "trim_offsets", "use_regex"], "WordPiece": ["prefix", "cleanup"],
        "Metaspace": Metaspace.known, "BPEDecoder": ["suffix"], "ByteFallback": [], "Fuse": [],
        "Strip": ["content", "start", "stop"], "Replace": ["pattern", "content"], "Sequence": ["decoders"],
    ]
}
