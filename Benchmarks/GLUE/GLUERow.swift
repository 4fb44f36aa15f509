/// What one case of the study gives on one task; one JSON file each.
struct GLUERow: Codable {
    let task: String
    let kind: GLUE.Case
    let metric: String
    let score: Double
    /// Weights of linear layers that are not zero.
    let encoderWeights: Int
    /// Bytes of linear layers, packed.
    let encoderBytes: Int
    /// Bytes of the whole model in memory.
    let bytes: Int
    /// How many times as fast as the dense model of the task, with 128 tokens.
    let speedup: Double
}
