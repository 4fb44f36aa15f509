/// How a layer's products are computed.
///
///     Precision.int8.name          // "int8"
///     Precision(name: "float32")   // the default
///
/// Which precisions there are is what level formats say: a format of a new one names it, and nothing else
/// changes.
public struct Precision: Hashable, Sendable, CustomStringConvertible {
    public let name: String

    /// Names a precision: lower-case letters and digits, the first a letter.
    public init?(name: String) {
        let letters = name.unicodeScalars
        guard let first = letters.first, ("a"..."z").contains(first),
            letters.allSatisfy({ ("a"..."z").contains($0) || ("0"..."9").contains($0) })
        else { return nil }
        self.name = name
    }

    private init(known name: String) {
        self.name = name
    }

    /// 32-bit floating point, as checkpoints have it.
    public static let float32 = Precision(known: "float32")
    /// The upper halves of floats for weights and activations, sums in 32 bits.
    public static let bfloat16 = Precision(known: "bfloat16")
    /// Whole numbers of 8 bits for weights and activations, with scales.
    public static let int8 = Precision(known: "int8")

    /// Weights in whole numbers of 4 bits, with a scale for each row and a multiplier for each group of columns;
    /// activations as in ``int8``.
    public static let int4 = Precision(known: "int4")

    /// Those that Secateur brings formats of.
    public static let standard: [Precision] = [.float32, .bfloat16, .int8, .int4]

    /// One of those by its name.
    /// - Throws: `Issue` for a name that is none of theirs, about the option that it was given for.
    public static func standard(named name: String, option: String) throws -> Precision {
        guard let precision = standard.first(where: { $0.name == name }) else {
            throw Issue(
                .unsupported, .option(option), found: "'\(name)'",
                allowed: standard.map(\.name).joined(separator: ", "))
        }
        return precision
    }

    /// Whether weights and activations are whole numbers.
    public var isInteger: Bool { [.int8, .int4].contains(self) }

    /// The name.
    public var description: String { name }
}
