/// The steps that bring a text into the form in which its tokens are looked for.
indirect enum Normalizer: Sendable {
    /// BERT's.
    case bert(BertNormalizer)
    /// One of Unicode's normal forms.
    case form(NormalForm)
    /// Lower case of each character by itself, so a final sigma is a plain one.
    case lowercase
    /// Leaves out marks.
    case stripAccents
    /// Leaves out characters at the ends.
    case strip(ScalarClass, left: Bool, right: Bool)
    /// Puts a text in the place of every match.
    case replace(TextPattern, content: String)
    /// Puts a text before a text that is not empty.
    case prepend(String)
    /// A map that a sentencepiece model carries with it.
    case precompiled(PrecompiledMap)
    /// What neural machine translation does about controls and odd spaces.
    case nmt
    /// Writes bytes as characters.
    case byteLevel
    /// One after another.
    case sequence([Normalizer])

    /// Whether text is put in lower case.
    var lowercases: Bool {
        switch self {
        case .bert(let normalizer): normalizer.lowercases
        case .lowercase: true
        case .sequence(let steps): steps.contains(where: \.lowercases)
        default: false
        }
    }

    /// The same, with text in lower case.
    var lowercasing: Normalizer {
        if lowercases { return self }
        if case .bert(var normalizer) = self {
            normalizer.lowercases = true
            return .bert(normalizer)
        }
        return .sequence([self, .lowercase])
    }

    /// The normal form of a text.
    func normalize(_ text: AlignedText) -> AlignedText {
        switch self {
        case .bert(let normalizer): return normalizer.normalize(text)
        case .form(let form): return form.normalize(text)
        case .lowercase: return Self.lowercased(text)
        case .stripAccents: return text.filtered { !UnicodeMarks.isMark($0) }
        case .strip(let kind, let left, let right):
            return Self.stripped(text, kind, left: left, right: right)
        case .replace(let pattern, let content): return pattern.replacing(in: text, with: content)
        case .prepend(let prefix): return text.prepending(prefix)
        case .precompiled(let map): return map.normalize(text)
        case .nmt: return text.filtered { !Self.isRemovedByNMT($0) }.mapped(Self.spacedByNMT)
        case .byteLevel: return ByteAlphabet.spelled(text)
        case .sequence(let steps): return steps.reduce(text) { $1.normalize($0) }
        }
    }

    static func lowercased(_ text: AlignedText) -> AlignedText {
        var rewriter = TextRewriter(text)
        while let next = rewriter.next {
            if next.scalar.isASCII {
                let isCapital = (0x41...0x5A).contains(next.scalar.value)
                if isCapital {
                    rewriter.append(Unicode.Scalar(UInt8(next.scalar.value) | 0x20))
                } else {
                    rewriter.copy(to: next.end)
                }
                continue
            }
            if !next.scalar.properties.changesWhenLowercased {
                rewriter.copy(to: next.end)
                continue
            }
            for (number, scalar) in next.scalar.properties.lowercaseMapping.unicodeScalars.enumerated() {
                rewriter.append(scalar, change: number == 0 ? 0 : 1)
            }
        }
        return rewriter.text
    }

    private static func stripped(_ text: AlignedText, _ kind: ScalarClass, left: Bool, right: Bool)
        -> AlignedText
    {
        var range = text.bytes.indices
        while left, !range.isEmpty {
            let (scalar, end) = UTF8Text.character(in: text.bytes, at: range.lowerBound)
            guard kind.contains(scalar) else { break }
            range = end..<range.upperBound
        }
        while right, !range.isEmpty {
            let start = UTF8Text.start(in: text.bytes, before: range.upperBound)
            guard kind.contains(UTF8Text.scalar(in: text.bytes, at: start)) else { break }
            range = range.lowerBound..<start
        }
        if range == text.bytes.indices { return text }
        return AlignedText(
            Array(text.bytes[range]), origins: text.isTracked ? Array(text.origins[range]) : [],
            isTracked: text.isTracked, start: text.start)
    }

    private static func isRemovedByNMT(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1...0x8, 0xB, 0xE...0x1F, 0x7F, 0x8F, 0x9F: true
        default: false
        }
    }

    private static func spacedByNMT(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x9, 0xA, 0xC, 0xD, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: " "
        default: scalar
        }
    }
}
