import Levels
import ModelFiles
import Tensors
import Transformers

/// Turns a level and a weight into an operator, and says what that costs and how it is shown.
///
/// A new precision, or a new way to pack one, is a type that conforms and a line in
/// ``LevelFormats/standard``:
///
///     struct HalfFormat: LevelFormat {
///         let name = "half"
///         func makes(_ level: Level) -> Bool { level.precision.name == "half" && level.keepsAll }
///         func pack(…) -> any LinearOperator { HalfLinear(weight: weight, bias: bias) }
///         func sizeBytes(…) -> Int { rows * columns * 2 }
///         func glyph(_ level: Level) -> LevelGlyph { … }
///     }
///
/// Packing, sizes, profiling, the kernel benchmark, exports and reports go through it.
public protocol LevelFormat: Sendable {
    /// What messages call it.
    var name: String { get }

    /// Whether it has operators of a level.
    func makes(_ level: Level) -> Bool

    /// Packs a weight [rows × columns] that has the zeros of a level, and a bias [rows].
    ///
    /// - Parameter phase: what is to be fast.
    func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator

    /// What a layer [rows × columns] takes in memory at a level, in bytes, within one unit of what its
    /// operator says of a weight that was pruned to the level. The same on every CPU: biases, offsets of rows
    /// and what fills up bundles are left out.
    ///
    /// - Parameter phase: what it is packed for.
    func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int

    /// The numbers that weights of a level are rounded to when they are pruned; nil where they stay as they
    /// are.
    func grid(of level: Level, for phase: Workload.Phase) -> WeightGrid?

    /// How a safetensors file has a weight that was pruned to a level.
    func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor]

    /// How pictures and tables show a level.
    func glyph(_ level: Level) -> LevelGlyph
}

extension LevelFormat {
    public func grid(of level: Level, for phase: Workload.Phase) -> WeightGrid? { nil }

    /// In 32-bit floating point, zeros included.
    public func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor] {
        [SafetensorsTensor(name: name, shape: [weight.rows, weight.columns], floats: weight.elements)]
    }
}

/// The level formats that a program knows, in order: the first that makes a level is the one that is used.
public struct LevelFormats: Sendable {
    /// The formats.
    public let all: [any LevelFormat]

    /// Puts formats together.
    public init(_ all: [any LevelFormat]) {
        self.all = all
    }

    /// What Secateur brings.
    public static let standard = LevelFormats([
        FloatFormat(), BFloat16Format(), Int8Format(), Int4Format(), RemovedFormat(),
    ])

    /// These and others, which come first.
    public func adding(_ others: any LevelFormat...) -> LevelFormats {
        LevelFormats(others + all)
    }

    /// The format of a level; one of a narrow sublayer has that of its own layers.
    /// - Throws: `Issue` when none makes it.
    public func format(of level: Level) throws -> any LevelFormat {
        guard let format = all.first(where: { $0.makes(level.with(width: 1)) }) else {
            throw Issue(
                .unsupported, .other("level '\(level)'"), found: "no format that packs it",
                allowed: "what one of these does: " + all.map(\.name).joined(separator: "; "))
        }
        return format
    }

    /// Whether a format makes a level.
    public func makes(_ level: Level) -> Bool { (try? format(of: level)) != nil }

    /// Refuses levels that no format makes.
    /// - Throws: `Issue`.
    public func require(_ levels: some Sequence<Level>) throws {
        for level in levels { _ = try format(of: level) }
    }

    /// Packs a weight that has the zeros of a level, of as many rows and columns as its width leaves; see
    /// ``LevelFormat/pack(_:weight:bias:for:on:)``.
    /// - Throws: `Issue` when no format makes the level.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase = .prefill,
        on instructionSet: InstructionSet = .best
    ) throws -> any LinearOperator {
        try format(of: level)
            .pack(level.with(width: 1), weight: weight, bias: bias, for: phase, on: instructionSet)
    }

    /// What the rest of a layer takes in memory at a level, in bytes.
    /// - Throws: `Issue` when no format makes the level.
    public func sizeBytes(
        _ shape: LayerShape, _ level: Level, for phase: Workload.Phase = .prefill
    ) throws -> Int {
        let left = shape.narrowed(to: level.isRemoved ? 1 : level.width)
        return try format(of: level)
            .sizeBytes(level.with(width: 1), rows: left.rows, columns: left.cols, for: phase)
    }

    /// The numbers that weights of a level are rounded to when they are pruned.
    /// - Throws: `Issue` when no format makes the level.
    public func grid(of level: Level, for phase: Workload.Phase) throws -> WeightGrid? {
        try format(of: level).grid(of: level.with(width: 1), for: phase)
    }

    /// How a safetensors file has a weight that was pruned to a level; in 32-bit floating point where no format
    /// makes it.
    public func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor] {
        ((try? format(of: level)) ?? FloatFormat())
            .tensors(level.with(width: 1), name: name, weight: weight)
    }

    /// How pictures and tables show a level; a plain one where no format makes it.
    public func glyph(_ level: Level) -> LevelGlyph {
        (try? format(of: level).glyph(level.with(width: 1)))
            ?? LevelGlyph(
                code: level.pattern.description, legend: "\(level.pattern), \(level.precision)", color: 8,
                hatch: .plain)
    }
}
