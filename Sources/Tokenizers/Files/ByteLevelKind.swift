import ModelFiles

/// How a published family of byte-level tokenizers prepares a text. `tokenizer.json` spells it out; GGUF files have names
/// for it.
package struct ByteLevelKind: Sendable {
    /// `tokenizer.ggml.pre`; the first is written, all are read.
    package let ggufNames: [String]
    /// Whether text is composed first (Unicode's NFC).
    package let composes: Bool
    /// Whether a word that is a token is that one, whatever the merges.
    package let ignoresMerges: Bool
    /// Whether a text starts with the model's first token where the file does not say.
    let addsStart: Bool
    let preTokenizers: [PreTokenizer]
    /// The last step where it spells the bytes; what splits goes before it.
    private let lastSplits: Bool

    private init(
        _ ggufNames: [String], _ splits: [PreTokenizer], composes: Bool = false, ignoresMerges: Bool = false,
        addsStart: Bool = false, lastSplits: Bool = false
    ) {
        (self.ggufNames, self.composes, self.ignoresMerges) = (ggufNames, composes, ignoresMerges)
        (self.addsStart, self.lastSplits) = (addsStart, lastSplits)
        preTokenizers = splits + [.spelledBytes]
    }

    private static func words(_ expression: ByteLevelWords.Expression) -> PreTokenizer {
        .split(.words(expression), .isolated, inverts: false)
    }

    private static let digits = PreTokenizer.characters(.numbers, .isolated)

    /// GPT-2's (Radford et al., 2019).
    package static let gpt2 = ByteLevelKind(
        ["gpt-2", "gpt2", "mpt", "olmo", "jais", "phi-2", "roberta-bpe", "gigachat"], [words(.gpt2)],
        lastSplits: true)

    /// SmolLM's: GPT-2's between digits.
    package static let smollm = ByteLevelKind(
        ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"], [digits, words(.gpt2)],
        lastSplits: true)

    /// Qwen2's (Yang et al., 2024).
    package static let qwen2 = ByteLevelKind(
        ["qwen2", "deepseek-r1-qwen", "megrez"], [words(.qwen2(digits: 1))], composes: true)

    /// The same without composition.
    package static let stablelm2 = ByteLevelKind(["stablelm2"], [words(.qwen2(digits: 1))])

    /// Llama 3's (Grattafiori et al., 2024).
    package static let llama3 = ByteLevelKind(
        ["llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"], [words(.qwen2(digits: 3))],
        ignoresMerges: true, addsStart: true)

    /// The same where the merges decide.
    package static let dbrx = ByteLevelKind(
        ["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], [words(.qwen2(digits: 3))])

    /// Those that are known.
    package static let all = [gpt2, smollm, qwen2, stablelm2, llama3, dbrx]

    /// The kind of a definition; nil for another one.
    init?(_ definition: TokenizerDefinition, ignoresMerges: Bool) {
        let composes: Bool
        switch definition.normalizer {
        case nil: composes = false
        case .form(let form) where form.composes && !form.isCompatible: composes = true
        default: return nil
        }
        guard
            let known = Self.all.first(where: {
                $0.preTokenizers == definition.preTokenizers && $0.composes == composes
                    && $0.ignoresMerges == ignoresMerges
            })
        else { return nil }
        self = known
    }

    /// `normalizer` in `tokenizer.json`.
    package var normalizerJSON: [String: Any]? { composes ? ["type": "NFC"] : nil }

    /// `pre_tokenizer` in `tokenizer.json`.
    package var json: [String: Any] {
        let splits = preTokenizers.dropLast(lastSplits ? 2 : 1).compactMap { step -> [String: Any]? in
            switch step {
            case .characters: return ["type": "Digits", "individual_digits": true]
            case .split(.words(let expression), _, _):
                return [
                    "type": "Split", "pattern": ["Regex": expression.pattern], "behavior": "Isolated",
                    "invert": false,
                ]
            default: return nil
            }
        }
        let steps =
            splits + [
                [
                    "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                    "use_regex": lastSplits,
                ]
            ]
        return steps.count == 1 ? steps[0] : ["type": "Sequence", "pretokenizers": steps]
    }
}

/// The parts of a byte-level tokenizer that files of other formats are written from.
package struct ByteLevelParts: Sendable {
    /// How it prepares a text.
    package let kind: ByteLevelKind
    /// Its merges as `LEFT RIGHT`, the first learned first.
    package let merges: [String]
    /// Tokens that are found in the text by their letters.
    package let addedTokenIDs: [Int32]

    /// The parts of a definition; nil for one of another kind.
    init?(_ definition: TokenizerDefinition) {
        guard case .pairs(let pairs) = definition.kind, pairs.unknown == nil, !pairs.fallsBackToBytes,
            pairs.prefix.isEmpty, pairs.suffix.isEmpty, definition.postProcessor.specialCounts.before < 2,
            definition.postProcessor.specialCounts.after == 0,
            let kind = ByteLevelKind(definition, ignoresMerges: pairs.ignoresMerges)
        else { return nil }
        self.kind = kind
        merges = pairs.merges.map { "\($0.left) \($0.right)" }
        addedTokenIDs = definition.addedTokens.map(\.id)
    }
}
