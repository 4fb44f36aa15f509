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
    /// Quality on the part of the data that picks the final policy, as a fraction of dense. It was not trained on,
    /// but where there is a validation file.
    public let checked: Change
    /// What embeddings keep of the dense model's space afterwards, on that data; nil for models that do not embed.
    public let space: SpaceKept?
    /// The score on the validation file, where there is one.
    public let validation: Change?
    /// Whether the trained model took the place of the pruned one: where it is better on the validation file, or on the
    /// former without one.
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
        let judge = validation ?? checked
        isKept = judge.after > judge.before
    }
}
