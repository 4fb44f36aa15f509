import ModelFiles

extension Normalizer {
    /// Reads `normalizer` of a `tokenizer.json`.
    /// - Throws: `Issue` for a step that is not known, or malformed.
    init(_ fields: JSONFields, place: String = "normalizer.") throws {
        let type = try fields.string("type")
        try fields.require(only: Self.known[type, default: []].union(["type"]))
        switch type {
        case "BertNormalizer": self = .bert(try BertNormalizer(fields))
        case "NFC": self = .form(NormalForm(composes: true, isCompatible: false))
        case "NFD": self = .form(NormalForm(composes: false, isCompatible: false))
        case "NFKC": self = .form(NormalForm(composes: true, isCompatible: true))
        case "NFKD": self = .form(NormalForm(composes: false, isCompatible: true))
        case "Lowercase": self = .lowercase
        case "StripAccents": self = .stripAccents
        case "Strip":
            self = .strip(
                .whitespace, left: try fields.boolean("strip_left"), right: try fields.boolean("strip_right"))
        case "Replace":
            self = .replace(try fields.pattern("pattern"), content: try fields.string("content"))
        case "Prepend": self = .prepend(try fields.string("prepend"))
        case "Precompiled":
            // Without a map nothing is replaced.
            guard fields.value("precompiled_charsmap") != nil else {
                self = .sequence([])
                return
            }
            guard let map = PrecompiledMap(base64: try fields.string("precompiled_charsmap")) else {
                throw fields.wrong("precompiled_charsmap", "a double-array trie in base 64")
            }
            self = .precompiled(map)
        case "Nmt": self = .nmt
        case "ByteLevel": self = .byteLevel
        case "Sequence":
            self = .sequence(
                try fields.list("normalizers", place: place).map {
                    try Normalizer($0, place: "\(place)normalizers.")
                })
        default: throw fields.wrong("type", "one of \(Self.known.keys.sorted())", .unsupported)
        }
    }

    /// The fields of each kind.
    private static let known: [String: Set<String>] = [
        "BertNormalizer": ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"],
        "NFC": [], "NFD": [], "NFKC": [], "NFKD": [], "Lowercase": [], "StripAccents": [],
        "Strip": ["strip_left", "strip_right"], "Replace": ["pattern", "content"], "Prepend": ["prepend"],
        "Precompiled": ["precompiled_charsmap"], "Nmt": [],
        // They are the pre-tokenizer's, which the library writes here too.
        "ByteLevel": ["add_prefix_space", "trim_offsets", "use_regex"], "Sequence": ["normalizers"],
    ]
}

extension BertNormalizer {
    fileprivate init(_ fields: JSONFields) throws {
        let lowercases = try fields.boolean("lowercase")
        self.init(
            cleansText: try fields.boolean("clean_text"),
            spacesChineseCharacters: try fields.boolean("handle_chinese_chars"),
            stripsAccents: try fields.boolean("strip_accents", default: lowercases),
            lowercases: lowercases)
    }
}
