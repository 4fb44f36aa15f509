import Evaluation
import Foundation

/// What training of a pruned model came to; `recovery.json`.
public struct RecoverySummary: Sendable, Codable, Equatable {
    /// A score before and after.
    public struct Change: Sendable, Codable, Equatable {
        public let metric: String
        /// Of the pruned model.
        public let before: Double
        /// Of the trained one.
        public let after: Double

        package init(metric: String, before: Double, after: Double) {
            self.metric = metric
            self.before = before
            self.after = after
        }
    }

    /// Steps taken.
    public let steps: Int
    /// The mean loss of the first tenth of the steps.
    public let firstLoss: Double
    /// The mean loss of the last tenth of the steps.
    public let lastLoss: Double
    /// Quality on data that is neither trained nor rewarded on, as a fraction of dense.
    public let checked: Change
    /// What embeddings keep of the dense model's space afterwards, on that data; nil for models that do not embed.
    public let space: SpaceKept?
    /// The score on the validation file, where there is one.
    public let validation: Change?
    /// Whether the trained model took the place of the pruned one: where it is better.
    public let isKept: Bool

    package init(
        steps: Int, losses: [Double], checked: Change, space: SpaceKept? = nil, validation: Change?
    ) {
        let tenth = max(losses.count / 10, 1)
        self.steps = steps
        firstLoss = losses.prefix(tenth).reduce(0, +) / Double(tenth)
        lastLoss = losses.suffix(tenth).reduce(0, +) / Double(tenth)
        self.checked = checked
        self.space = space
        self.validation = validation
        isKept = checked.after > checked.before
    }
}
