import Levels
import ModelFiles

extension TokenizerDefinition {
    /// Reads `vocab.json` and `merges.txt` of byte-level BPE, as GPT-2, RoBERTa and Qwen2 have them; the settings say
    /// which of them it is.
    /// - Throws: `Issue` for another class of tokenizer, or malformed files.
    init(vocabularyAndMerges folder: String, _ beside: ModelTokens) throws {
        let path = "\(folder)/vocab.json"
        let entries = try Self.entries(vocabulary: JSONFields(contentsOf: path))
        let kind = (beside.tokenizerClass ?? "GPT2Tokenizer").replacing(/(Fast)?$/, with: "")
        self.init(
            file: path, entries: entries, kind: .pairs(Pairs(merges: try Self.merges("\(folder)/merges.txt")))
        )
        decoder = .byteLevel
        let addsSpace = try beside.settings?.boolean("add_prefix_space", default: false) ?? false
        preTokenizers = (addsSpace ? [.prefixSpace] : []) + ByteLevelKind.gpt2.preTokenizers
        let ids = ids()
        switch kind {
        case "GPT2Tokenizer": postProcessor.trimmings = []
        case "RobertaTokenizer":
            let start = try Self.special(beside.named["cls_token"] ?? "<s>", ids, file: path)
            let end = try Self.special(beside.named["sep_token"] ?? "</s>", ids, file: path)
            postProcessor.single = [.first(type: 0)].between(start, end, type: 0)
            postProcessor.pair =
                postProcessor.single + [end.part(type: 0), .second(type: 0), end.part(type: 0)]
            postProcessor.trimmings = [.init(addsPrefixSpace: addsSpace)]
        case "Qwen2Tokenizer":
            preTokenizers = ByteLevelKind.qwen2.preTokenizers
            normalizer = .form(NormalForm(composes: true, isCompatible: false))
        default:
            throw Issue(
                .unsupported, .path("\(folder)/tokenizer_config.json"), field: .key("tokenizer_class"),
                found: "'\(kind)' with vocab.json",
                allowed: "GPT2Tokenizer, RobertaTokenizer or Qwen2Tokenizer, or a tokenizer.json")
        }
        let named = Set(beside.named.values.map { Array($0.utf8) })
        addedTokens = entries.filter { named.contains(Array($0.text.utf8)) }.map { entry in
            var token = AddedToken(entry.text, id: entry.id)
            // RoBERTa's mask takes the space before it along.
            token.stripsLeft = kind == "RobertaTokenizer" && entry.text == beside.named["mask_token"]
            return token
        }
    }

    private static func merges(_ path: String) throws -> [Merge] {
        guard let text = String(validating: try JSONFields.read(path), as: UTF8.self) else {
            throw Issue(
                .malformed, .path(path), found: "bytes that are not UTF-8", allowed: "'LEFT RIGHT' per line")
        }
        var merges: [Merge] = []
        for (number, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
        {
            var line = Substring(line)
            while line.utf8.last == 0x0D { line = Substring(line.utf8.dropLast()) }
            if line.utf8.isEmpty || line.utf8.starts(with: "#version".utf8) { continue }
            guard let merge = Merge(line, rank: merges.count) else {
                throw Issue(
                    .malformed, .path(path), field: .line(number + 1), found: "'\(line.prefix(80))'",
                    allowed: "'LEFT RIGHT'")
            }
            merges.append(merge)
        }
        return merges
    }
}
