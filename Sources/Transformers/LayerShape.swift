/// The name and the shape of one prunable layer.
public struct LayerShape: Sendable, Hashable, Codable {
    /// Its name in the checkpoint, without `.weight`: `encoder.layer.0.attention.self.query`.
    public let name: String
    /// Output features.
    public let rows: Int
    /// Input features.
    public let cols: Int

    /// Names a layer.
    public init(name: String, rows: Int, cols: Int) {
        self.name = name
        self.rows = rows
        self.cols = cols
    }

    /// Number of weights.
    public var weightCount: Int { rows * cols }
}
