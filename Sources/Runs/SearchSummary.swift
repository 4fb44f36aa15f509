import Evaluation
import Foundation
import Levels
import SparseKernels

/// What a search came to, with what was measured; `summary.json`.
public struct SearchSummary: Sendable, Codable, Equatable {
    /// A score of both models.
    public struct Score: Sendable, Codable, Equatable {
        public let metric: String
        /// The dense model's.
        public let dense: Double
        /// The pruned model's.
        public let pruned: Double

        package init(metric: String, dense: Double, pruned: Double) {
            self.metric = metric
            self.dense = dense
            self.pruned = pruned
        }
    }

    /// The same model with every layer in one precision and nothing dropped: what rounding alone gives.
    public struct Rounded: Sendable, Codable, Equatable {
        /// The level of every layer.
        public let level: Level
        /// Median over the rounds of dense time / its time, measured alternating.
        public let speedup: Double
        /// Bytes of its weights, packed.
        public let sizeBytes: Int
        /// Its quality on other data of the training file, as a fraction of dense.
        public let checkedQuality: Double
        /// What its embeddings keep of the dense model's space there.
        public let space: SpaceKept?

        package init(
            level: Level, speedup: Double, sizeBytes: Int, checkedQuality: Double, space: SpaceKept? = nil
        ) {
            self.level = level
            self.speedup = speedup
            self.sizeBytes = sizeBytes
            self.checkedQuality = checkedQuality
            self.space = space
        }
    }

    /// What was chosen for a layer.
    public struct Choice: Sendable, Codable, Equatable {
        /// The layer's name.
        public let layer: String
        /// Its level.
        public let level: Level

        /// Chooses a level for a layer.
        public init(layer: String, level: Level) {
            self.layer = layer
            self.level = level
        }
    }

    /// The options of the search.
    public let options: SearchOptions
    /// The machine.
    public let hardware: String
    /// Policies evaluated.
    public let evaluations: Int
    /// Measured end-to-end latency of the dense model, in milliseconds; the median.
    public let denseMs: Double
    /// The same of the pruned model.
    public let prunedMs: Double
    /// All that was measured of the dense model's latency; nil in files of earlier versions.
    public let denseTimes: EndToEndBenchmark.Times?
    /// The same of the pruned model.
    public let prunedTimes: EndToEndBenchmark.Times?
    /// Median over the rounds of dense time / pruned time; where it follows the lengths of texts, of their means.
    public let speedup: Double
    /// The latency that was asked for, as a fraction of dense.
    public let targetFraction: Double
    /// Whether the measured latency meets it, within 1 %.
    public let targetMet: Bool
    /// What the latency table predicted for the pruned model, in milliseconds.
    public let predictedMs: Double
    /// What it predicted for the dense one.
    public let predictedDenseMs: Double
    /// Bytes of the dense weights.
    public let denseSizeBytes: Int
    /// Bytes of the pruned weights, packed.
    public let sizeBytes: Int
    /// Quality on the reward data, as a fraction of dense.
    public let quality: Double
    /// Quality on other data of the training file, as a fraction of dense.
    public let checkedQuality: Double
    /// The standard error of that quality, where a quality was asked for.
    public let checkedError: Double?
    /// What embeddings keep of the dense model's space, on that data; nil for models that do not embed.
    public let space: SpaceKept?
    /// The reward.
    public let reward: Double
    /// The score on the validation file, where one was given.
    public let validation: Score?
    /// A level for every layer.
    public let policy: [Choice]
    /// The fastest precision alone, where the search was offered one and aimed by measurement.
    public let rounded: Rounded?
    /// Where the time of a pass goes in the pruned model.
    public var breakdown: Breakdown?
    /// The same in the dense one, timed alternating.
    public var denseBreakdown: Breakdown?
    /// Bytes of the dense model's weight files.
    public var denseDiskBytes: Int?
    /// Bytes of the pruned model's weight files, which hold its zeros.
    public var diskBytes: Int?

    package init(
        options: SearchOptions, hardware: String, evaluations: Int, measured: EndToEndBenchmark.Result,
        targetFraction: Double, targetMet: Bool, predictedMs: Double,
        predictedDenseMs: Double, denseSizeBytes: Int, sizeBytes: Int, quality: Double,
        checkedQuality: Double, reward: Double, checkedError: Double? = nil, space: SpaceKept? = nil,
        validation: Score?,
        policy: [Choice], rounded: Rounded? = nil, breakdown: Breakdown? = nil,
        denseBreakdown: Breakdown? = nil, denseDiskBytes: Int? = nil, diskBytes: Int? = nil
    ) {
        self.options = options
        self.hardware = hardware
        self.evaluations = evaluations
        denseMs = measured.reference.medianMs
        prunedMs = measured.model.medianMs
        denseTimes = measured.reference
        prunedTimes = measured.model
        speedup = measured.speedup
        self.targetFraction = targetFraction
        self.targetMet = targetMet
        self.predictedMs = predictedMs
        self.predictedDenseMs = predictedDenseMs
        self.denseSizeBytes = denseSizeBytes
        self.sizeBytes = sizeBytes
        self.quality = quality
        self.checkedQuality = checkedQuality
        self.reward = reward
        self.checkedError = checkedError
        self.space = space
        self.validation = validation
        self.policy = policy
        self.rounded = rounded
        self.breakdown = breakdown
        self.denseBreakdown = denseBreakdown
        self.denseDiskBytes = denseDiskBytes
        self.diskBytes = diskBytes
    }

    /// What to say when the dense model took another time than in the latency table that the search went by,
    /// by a quarter or more: then something else ran on the machine at one of the two.
    public var disturbance: String? {
        // Of lengths, the table has the mean.
        let typicalMs = options.workload.lengths == nil ? denseMs : denseTimes?.meanMs ?? denseMs
        let ratio = typicalMs / predictedDenseMs
        guard ratio.isFinite, ratio > 1.25 || ratio < 0.8 else { return nil }
        return String(
            format:
                "The dense model took %.2f times what the latency table has, so something else ran on the machine "
                + "at one of the two: `secateur benchmark` measures again.", ratio)
    }
}
