/// How byte-level BPE prepares a text: its normal form, and the pieces that it merges within.
///
/// `tokenizer.json` spells it out; GGUF files have a name for it.
public struct PreTokenizer: Sendable, Equatable {
    /// One of the steps that `tokenizer.json` lists.
    public enum Step: Sendable, Equatable, CustomStringConvertible {
        /// Every digit is a piece of its own.
        case digits
        /// Pieces are the matches of a regular expression.
        case split(String)
        /// Bytes are spelt as letters; with GPT-2's own expression, or by themselves.
        case byteLevel(splits: Bool)

        /// As `tokenizer.json` calls it.
        public var description: String {
            switch self {
            case .digits: "Digits"
            case .split(let expression): "Split '\(expression)'"
            case .byteLevel(let splits): splits ? "ByteLevel" : "ByteLevel without a regex"
            }
        }
    }

    /// The expressions whose matches are computed.
    enum Expression: Sendable {
        case gpt2
        case qwen2
    }

    /// `tokenizer.ggml.pre`; the first is written, all are read.
    public let ggufNames: [String]
    /// Whether text is composed first (Unicode's NFC).
    public let composes: Bool
    /// The steps.
    public let steps: [Step]
    let expression: Expression

    /// Whether every digit is cut out before the expression is applied.
    var isolatesDigits: Bool { steps.contains(.digits) }

    /// GPT-2's (Radford et al., 2019).
    public static let gpt2 = PreTokenizer(
        ggufNames: ["gpt-2", "gpt2"], composes: false, steps: [.byteLevel(splits: true)], expression: .gpt2)

    /// SmolLM's: GPT-2's between digits.
    public static let smollm = PreTokenizer(
        ggufNames: ["smollm"], composes: false, steps: [.digits, .byteLevel(splits: true)], expression: .gpt2)

    /// Qwen2's (Yang et al., 2024).
    public static let qwen2 = PreTokenizer(
        ggufNames: ["qwen2"], composes: true,
        steps: [
            .split(
                #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"#
                    + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#), .byteLevel(splits: false),
        ], expression: .qwen2)

    /// Those that are known.
    public static let all = [gpt2, smollm, qwen2]
}
