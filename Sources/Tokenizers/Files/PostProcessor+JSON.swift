import Levels
import ModelFiles

extension PostProcessor {
    /// Reads `post_processor` of a `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - id: the id of a token
    /// - Throws: `Issue` for a step that is not known, or malformed.
    init(_ fields: JSONFields, place: String = "post_processor.", id: (String) -> Int32?) throws {
        self.init()
        let type = try fields.string("type")
        try fields.require(only: Self.known[type, default: []].union(["type"]))
        switch type {
        case "BertProcessing":
            let (start, end) = (try Self.special("cls", fields), try Self.special("sep", fields))
            single = [.first(type: 0)].between(start, end, type: 0)
            pair = single + [.second(type: 1), end.part(type: 1)]
        case "RobertaProcessing":
            let (start, end) = (try Self.special("cls", fields), try Self.special("sep", fields))
            single = [.first(type: 0)].between(start, end, type: 0)
            pair = single + [end.part(type: 0), .second(type: 0), end.part(type: 0)]
            trimmings = try Self.trimmings(fields)
        case "ByteLevel": trimmings = try Self.trimmings(fields)
        case "TemplateProcessing": try read(template: fields, place, id)
        case "Sequence":
            for step in try fields.list("processors", place: place) {
                let step = try PostProcessor(step, place: "\(place)processors.", id: id)
                trimmings += step.trimmings
                guard step.single != PostProcessor().single || step.pair != PostProcessor().pair else {
                    continue
                }
                guard single == PostProcessor().single, pair == PostProcessor().pair else {
                    throw fields.wrong("processors", "one that puts tokens around a text", .unsupported)
                }
                (single, pair) = (step.single, step.pair)
            }
        default: throw fields.wrong("type", "one of \(Self.known.keys.sorted())", .unsupported)
        }
    }

    /// The fields of each kind.
    private static let known: [String: Set<String>] = [
        "BertProcessing": ["sep", "cls"],
        "RobertaProcessing": ["sep", "cls", "trim_offsets", "add_prefix_space"],
        "ByteLevel": ["add_prefix_space", "trim_offsets", "use_regex"],
        "TemplateProcessing": ["single", "pair", "special_tokens"], "Sequence": ["processors"],
    ]

    private static func trimmings(_ fields: JSONFields) throws -> [Trimming] {
        guard try fields.boolean("trim_offsets", default: true) else { return [] }
        return [Trimming(addsPrefixSpace: try fields.boolean("add_prefix_space", default: true))]
    }

    /// A token and its id, as `["[SEP]", 102]`.
    private static func special(_ key: String, _ fields: JSONFields) throws -> SpecialToken {
        let pair = try fields.array(key)
        guard pair.count == 2, case .string(let text) = pair[0], case .integer(let id) = pair[1],
            (0..<TokenizerDefinition.mostTokens).contains(id)
        else { throw fields.wrong(key, "a token and its id") }
        return SpecialToken(text: text, id: Int32(id))
    }

    // MARK: Templates

    private mutating func read(template fields: JSONFields, _ place: String, _ id: (String) -> Int32?) throws
    {
        let named = try fields.value("special_tokens") == nil ? nil : fields.fields("special_tokens")
        func special(_ name: String) throws -> [SpecialToken] {
            if let named, named.value(name) != nil { return try Self.tokens(named.fields(name)) }
            guard let id = id(name) else {
                throw Issue(
                    .missing, .path(fields.file), field: .key("\(place)special_tokens"),
                    found: "no '\(name)'", allowed: "every token of the template")
            }
            return [SpecialToken(text: name, id: id)]
        }
        single = try Self.parts(fields, "single", place, special)
        guard single.count(where: { $0.isFirst() }) == 1, !single.contains(where: { $0.isSecond() }) else {
            throw fields.wrong("single", "a template with one text", .unsupported)
        }
        if fields.value("pair") != nil {
            pair = try Self.parts(fields, "pair", place, special)
        } else {
            // As BERT's: what ends a text ends the second one too.
            let after = single.drop { !$0.isFirst() }.dropFirst().map { part -> Part in
                guard case .special(let text, let id, _) = part else { return part }
                return .special(text, id: id, type: 1)
            }
            pair = single + [.second(type: 1)] + after
        }
        let types = pair.map(\.type)
        guard pair.count(where: { $0.isFirst() }) == 1, pair.count(where: { $0.isSecond() }) == 1,
            types == types.sorted(), types.allSatisfy({ $0 <= 1 })
        else { throw fields.wrong("pair", "a template with two texts, of types 0 and then 1", .unsupported) }
    }

    private static func parts(
        _ fields: JSONFields, _ key: String, _ place: String, _ special: (String) throws -> [SpecialToken]
    ) throws -> [Part] {
        try fields.list(key, place: place).flatMap { element -> [Part] in
            try element.require(only: ["Sequence", "SpecialToken"])
            let isText = element.value("Sequence") != nil
            let part = try element.fields(isText ? "Sequence" : "SpecialToken")
            try part.require(only: ["id", "type_id"])
            let type = try part.integer("type_id", in: 0...255)
            let name = try part.string("id")
            guard isText else { return try special(name).map { $0.part(type: type) } }
            switch name {
            case "A": return [.first(type: type)]
            case "B": return [.second(type: type)]
            default: throw part.wrong("id", "A or B")
            }
        }
    }

    /// The tokens that one name of a template stands for.
    private static func tokens(_ fields: JSONFields) throws -> [SpecialToken] {
        try fields.require(only: ["id", "ids", "tokens"])
        let texts = try fields.array("tokens").map { value in
            guard case .string(let text) = value else { throw fields.wrong("tokens", "a list of strings") }
            return text
        }
        let ids = try fields.array("ids").map { value in
            guard case .integer(let id) = value, (0..<TokenizerDefinition.mostTokens).contains(id) else {
                throw fields.wrong("ids", "a list of ids")
            }
            return Int32(id)
        }
        guard texts.count == ids.count else {
            throw fields.wrong("ids", "\(texts.count), as there are tokens", .mismatch)
        }
        return zip(texts, ids).map(SpecialToken.init)
    }
}

/// A token that is put to a text.
struct SpecialToken {
    let text: String
    let id: Int32

    /// It as a part of what a model is given.
    func part(type: Int) -> PostProcessor.Part { .special(text, id: id, type: type) }
}

extension [PostProcessor.Part] {
    /// The parts with a token before them and one after.
    func between(_ start: SpecialToken?, _ end: SpecialToken?, type: Int) -> [PostProcessor.Part] {
        (start.map { [$0.part(type: type)] } ?? []) + self + (end.map { [$0.part(type: type)] } ?? [])
    }
}
