/// The levels that a search chooses from, in the order of its tables.
///
///     let set = try LevelSet([.dense, Level("4x1@0.5")!, Level("4x1@0.8")!])
///     set.dense          // 0: the index of the level that drops nothing
///     set[2].description // "4x1@0.800"
///
/// An option of the search, stored in the run as a list of texts.
public struct LevelSet: Sendable, Hashable {
    public let levels: [Level]
    /// The index of `dense`, or without it of the first level that drops no weight: what a layer is before anything is
    /// chosen for it.
    public let dense: Int

    /// Takes different levels, one of which drops nothing.
    /// - Throws: `Issue` for anything else.
    public init(_ levels: [Level]) throws {
        guard let dense = levels.firstIndex(of: .dense) ?? levels.firstIndex(where: \.keepsAll) else {
            throw Issue(
                .malformed, .option("levels"),
                found: levels.isEmpty ? "none" : levels.map(\.description).joined(separator: ", "),
                allowed: "levels of which one drops nothing: dense, or a precision alone")
        }
        if let twice = levels.first(where: { level in levels.count { $0 == level } > 1 }) {
            throw Issue(.malformed, .option("levels"), found: "\(twice) twice", allowed: "each level once")
        }
        self.levels = levels
        self.dense = dense
    }

    private init(known levels: [Level], dense: Int = 0) {
        self.levels = levels
        self.dense = dense
    }

    /// Dense, and unstructured and 4x1 from 30 % to 95 %.
    public static let standard = LevelSet(
        known: [.dense]
            + [Pattern.unstructured, .rowBlock4].flatMap { pattern in
                [0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95].map {
                    Level(pattern: pattern, sparsity: $0)
                }
            })

    /// Candidates for whole sequences, of which a search takes those that pay on its machine: ``standard``, dense in
    /// bfloat16 and int4, and in int8 dense, single weights, and blocks of 2, 4, 8 and 16 rows from 30 % to 90 %.
    public static let mixed = LevelSet(
        known: standard.levels + Precision.standard.dropFirst().map { .dense.with($0) }
            + [Pattern.unstructured, .rowBlock2, .rowBlock4, .rowBlock8, .rowBlock16].flatMap { pattern in
                [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map {
                    Level(pattern: pattern, sparsity: $0, precision: .int8)
                }
            })

    /// The widths of narrow sublayers that a search is offered.
    public static let standardWidths = [0.875, 0.75, 0.625, 0.5, 0.375, 0.25]

    /// Fewer levels, for models of so many layers that pruning each to all of ``standard`` would take longer
    /// than searching: dense, 4x1 from 30 % to 90 % and unstructured from 50 %, where it begins to pay, to 90
    /// %. All are of the standard ones, so that their latencies are in every table.
    public static let coarse = LevelSet(
        known: [.dense] + [0.5, 0.6, 0.7, 0.8, 0.9].map { Level(pattern: .unstructured, sparsity: $0) }
            + [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map { Level(pattern: .rowBlock4, sparsity: $0) })

    /// The same zeros, all in another precision.
    public func with(_ precision: Precision) -> LevelSet {
        LevelSet(known: levels.map { $0.with(precision) })
    }

    /// The sets that have names, by name.
    public static let named: [String: LevelSet] = [
        "standard": .standard, "mixed": .mixed, "coarse": .coarse,
    ]

    /// How sets are written, for messages and help.
    public static let form =
        "\(named.keys.sorted(by: >).joined(separator: ", ")), or levels with commas such as dense,4x1@0.5,4x1@0.8"

    /// Reads the name of a set, or its levels with commas between them.
    /// - Throws: `Issue` for anything else.
    public init(_ text: String) throws {
        if let set = Self.named[text] {
            self = set
            return
        }
        try self.init(
            text.split(separator: ",", omittingEmptySubsequences: false).map { part in
                guard let level = Level(String(part)) else {
                    throw Issue(.malformed, .option("levels"), found: "'\(part)'", allowed: Self.form)
                }
                return level
            })
    }

    /// Whether some layer can be computed in whole numbers. Word embeddings are then in 8 bits too.
    public var hasIntegers: Bool { levels.contains { $0.precision.isInteger } }

    /// These and another level, last.
    public func adding(_ level: Level) -> LevelSet {
        levels.contains(level) ? self : LevelSet(known: levels + [level], dense: dense)
    }

    /// Whether a layer at level `index` is left as it is.
    public func isDense(_ index: Int) -> Bool { index == dense }

    /// The policy that leaves every one of `layers` layers as it is.
    public func densePolicy(layers: Int) -> [Int] {
        [Int](repeating: dense, count: layers)
    }

    /// Patterns of zeros in use, in the order in which they first come, without dense.
    public var patterns: [Pattern] {
        levels.reduce(into: []) {
            if $1.pattern.unit != nil, !$0.contains($1.pattern) { $0.append($1.pattern) }
        }
    }

    /// The index of the level that removes a sublayer; nil where there is none.
    public var removed: Int? { levels.firstIndex(where: \.isRemoved) }

    /// Whether some level takes heads, neurons or the whole sublayer away.
    public var hasStructure: Bool { levels.contains { $0.width < 1 } }

    /// The widths of sublayers, the largest first.
    public var widths: [Double] { Set(levels.map(\.width)).sorted(by: >) }

    /// These, some of them again in narrow sublayers, and the level that removes a sublayer.
    ///
    /// In a narrow sublayer no more than half of what is left is zero, as a narrower one comes before that; and nothing
    /// is dense where a faster precision is there.
    ///
    /// - Parameter isKnown: whether a level of a narrow sublayer can be had.
    public func addingStructure(
        widths: [Double] = standardWidths, where isKnown: (Level) -> Bool = { _ in true }
    ) -> LevelSet {
        let rounds = levels.contains { $0.keepsAll && $0 != .dense }
        let own = levels.filter { $0.sparsity <= Self.mostSparseNarrow && ($0 != .dense || !rounds) }
        let narrow = widths.flatMap { width in own.map { $0.with(width: width) }.filter(isKnown) }
        return LevelSet(known: levels + narrow + [.removed], dense: dense)
    }

    private static let mostSparseNarrow = 0.5
}

extension LevelSet: RandomAccessCollection {
    /// 0
    public var startIndex: Int { 0 }
    /// The number of levels.
    public var endIndex: Int { levels.count }
    /// The level at an index.
    public subscript(index: Int) -> Level { levels[index] }
}

extension LevelSet: Codable {
    /// Reads a list of texts, or of levels as earlier versions wrote it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            if let levels = try? container.decode([Level].self) {
                try self.init(levels)
                return
            }
            try self.init(
                container.decode([String].self).map { text in
                    guard let level = Level(text) else {
                        throw Issue(.malformed, .option("levels"), found: "'\(text)'", allowed: Level.form)
                    }
                    return level
                })
        } catch let error as Issue {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.facts)
        }
    }

    /// Writes what ``init(from:)`` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(levels.map(\.description))
    }
}

extension LevelSet: ExpressibleByArrayLiteral {
    /// Levels written in a program; stops it where they are none that a set takes.
    public init(arrayLiteral levels: Level...) {
        guard let set = try? LevelSet(levels) else { preconditionFailure("levels without dense, or twice") }
        self = set
    }
}
