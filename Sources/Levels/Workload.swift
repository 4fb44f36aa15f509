/// What is computed when a latency is measured.
public struct Workload: Sendable, Equatable, Codable {
    /// The two things that a language model does; an encoder only prefills.
    public enum Phase: String, Sendable, Codable, CaseIterable {
        /// Whole sequences at once.
        case prefill
        /// One token after those before it.
        case decode
    }

    /// What is done.
    public let phase: Phase
    /// Tokens of a sequence; in decoding, those before the one that is computed.
    public let tokens: Int
    /// Sequences at a time.
    public let batch: Int

    /// Describes a workload.
    public init(phase: Phase = .prefill, tokens: Int, batch: Int = 1) {
        self.phase = phase
        self.tokens = tokens
        self.batch = batch
    }
}
