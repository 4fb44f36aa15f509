import SparseKernels
import Transformers

/// The families of models and the formats of levels that a program knows.
///
///     var mine = Capabilities.standard
///     mine.architectures = mine.architectures.adding(.myFamily)
///     mine.formats = mine.formats.adding(MyFormat())
///     let model = try EncoderModel(path: "models/mine", precision: .float32, mine)
public struct Capabilities: Sendable {
    /// Families of models.
    public var architectures: Architectures
    /// Formats of levels.
    public var formats: LevelFormats

    /// Puts both together.
    public init(architectures: Architectures = .standard, formats: LevelFormats = .standard) {
        self.architectures = architectures
        self.formats = formats
    }

    /// What Secateur brings.
    public static let standard = Capabilities()
}
