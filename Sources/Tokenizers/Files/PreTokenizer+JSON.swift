import ModelFiles

extension PreTokenizer {
    /// Reads `pre_tokenizer` of a `tokenizer.json`: the steps, in order.
    /// - Throws: `Issue` for a step that is not known, or malformed.
    static func steps(_ fields: JSONFields, place: String = "pre_tokenizer.") throws -> [PreTokenizer] {
        let type = try fields.string("type")
        try fields.require(only: known[type, default: []].union(["type"]))
        switch type {
        case "BertPreTokenizer": return [.bert]
        case "ByteLevel":
            return (try fields.boolean("add_prefix_space", default: true) ? [.prefixSpace] : [])
                + (try fields.boolean("use_regex", default: true)
                    ? [.split(.words(.gpt2), .isolated, inverts: false)] : []) + [.spelledBytes]
        case "Metaspace": return [.metaspace(try Metaspace(fields))]
        case "Split":
            return [
                .split(
                    try fields.pattern("pattern"), try behavior(fields),
                    inverts: try fields.boolean("invert", default: false))
            ]
        case "Digits":
            let isSingle = try fields.boolean("individual_digits", default: false)
            return [.characters(.numbers, isSingle ? .isolated : .contiguous)]
        case "Punctuation":
            return [
                .characters(
                    .punctuation, fields.value("behavior") == nil ? .isolated : try behavior(fields))
            ]
        case "Whitespace": return [.words]
        case "WhitespaceSplit": return [.characters(.whitespace, .removed)]
        case "CharDelimiterSplit": return [.characters(.one(try fields.character("delimiter")), .removed)]
        case "UnicodeScripts": return [.scripts]
        case "FixedLength": return [.fixedLength(try fields.integer("length", in: 1...1_000_000))]
        case "Sequence":
            return try fields.list("pretokenizers", place: place).flatMap {
                try steps($0, place: "\(place)pretokenizers.")
            }
        default: throw fields.wrong("type", "one of \(known.keys.sorted())", .unsupported)
        }
    }

    private static func behavior(_ fields: JSONFields) throws -> SplitBehavior {
        guard let behavior = SplitBehavior(rawValue: try fields.string("behavior")) else {
            throw fields.wrong(
                "behavior", "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
                .unsupported)
        }
        return behavior
    }

    /// The fields of each kind.
    private static let known: [String: Set<String>] = [
        "BertPreTokenizer": [], "ByteLevel": ["add_prefix_space", "trim_offsets", "use_regex"],
        "Metaspace": Metaspace.known, "Split": ["pattern", "behavior", "invert"],
        "Digits": ["individual_digits"], "Punctuation": ["behavior"], "Whitespace": [], "WhitespaceSplit": [],
        "CharDelimiterSplit": ["delimiter"], "UnicodeScripts": [], "FixedLength": ["length"],
        "Sequence": ["pretokenizers"],
    ]
}

extension Metaspace {
    /// The fields of a pre-tokenizer and a decoder.
    static let known: Set<String> = ["replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"]

    /// Reads a pre-tokenizer or a decoder.
    /// - Throws: `Issue` for a malformed one.
    init(_ fields: JSONFields) throws {
        // Older files say whether there is a prefix; where both are said, they agree.
        let adds = try fields.boolean("add_prefix_space", default: true)
        let scheme = try fields.optionalString("prepend_scheme") ?? (adds ? "always" : "never")
        guard let prefix = Prefix(rawValue: scheme) else {
            throw fields.wrong("prepend_scheme", "always, first or never", .unsupported)
        }
        guard adds || prefix == .never else {
            throw fields.wrong("add_prefix_space", "true, as there is a prepend_scheme", .mismatch)
        }
        self.init(
            mark: try fields.character("replacement"), prefix: prefix,
            splits: try fields.boolean("split", default: true))
    }
}
