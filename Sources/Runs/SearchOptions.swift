import Environments
import Evaluation
import Foundation
import Levels
import Pruning
import SparseKernels

/// Everything that fixes a search but the machine's speed; stored in the run as `run.json`.
public struct SearchOptions: Sendable, Codable, Equatable {
    /// The dense model's folder.
    public var model: String
    /// The name of the task: what is preserved.
    public var task: String
    /// The metric of classes, for a classifier; accuracy when nil.
    public var metric: ClassificationMetric?
    /// The file for calibration and reward.
    public var train: String
    /// A file that is reported on, and that decides whether the trained model is kept.
    public var validation: String?
    /// The latency to reach: a fraction of dense, or milliseconds; of a range, the strict end.
    public var targetLatency: LatencyTarget
    /// The mild end of a range of latencies; nil for one target.
    public var mildestLatency: LatencyTarget?
    /// The size to reach, as a fraction of dense.
    public var targetSize: Double?
    /// How much quality may be lost, as a fraction of dense, by the fastest policy within the latency; nil for the
    /// best policy within the latency.
    public var maxDrop: Double?
    /// The name of the agent.
    public var agent = "natural"
    /// Settings of the agent that are not at their defaults; nil, as in runs of earlier versions, for none.
    private var chosenAgentOptions: [String: String]?
    /// How many policies may be evaluated.
    public var budget = 300
    /// Tokens of a sequence that latency is for; of lengths of the data, their mean.
    public var tokens = 128
    /// Sequences at a time; 1 when nil, as in runs of earlier versions.
    private var chosenBatch: Int?
    /// Whether sequences are as long as those of the data; not when nil, as in runs of earlier versions.
    private var hasDataLengths: Bool?
    /// Those lengths, pass by pass, once the data is read.
    private var lengths: [[Int]]?
    /// The levels to choose from; those that are usual for the model and the phase when nil, as in runs of
    /// earlier versions.
    private var chosenLevels: LevelSet?
    /// Whether latency is that of a whole sequence, or of one more token.
    public var latencyOf = Workload.Phase.prefill
    public var threads: Int
    /// What fixes all random choices.
    public var seed: UInt64 = 1
    /// What layers are pruned by.
    public var solver = PruningScore.obs
    /// How long the pruned model is trained to recover; nil for not at all.
    public var recover: RecoveryLength? {
        get { chosenRecovery ?? finetuneSteps.map(RecoveryLength.steps) }
        set { (chosenRecovery, finetuneSteps) = (newValue, nil) }
    }
    private var chosenRecovery: RecoveryLength?
    /// What earlier versions had instead.
    private var finetuneSteps: Int?
    /// How much each part of the reward counts.
    public var weights = RewardWeights()
    /// Sentences to calibrate on; fewer of long texts, see ``tokensOfText``.
    public var calibrationSentences = 512
    /// Sentences that the reward is computed on, and twice as many others that pick the final policy; fewer of long
    /// texts.
    public var rewardSentences = 600
    /// Tokens of a text, on average, up to which these are numbers of texts: of longer ones there are as many as have
    /// as many tokens together. Nil, as in runs of earlier versions, for any length.
    public var tokensOfText: Int? = 32
    /// Windows of 512 tokens that a language model is calibrated on.
    public var calibrationWindows = 32
    /// Windows that its reward is computed on.
    public var rewardWindows = 1
    /// Windows that its final policy is picked by.
    public var checkWindows = 4
    /// Windows of the validation file that its perplexity is reported on.
    public var validationWindows = 40

    /// What is out of range, in a line; nil when nothing is.
    package var outOfRange: String? {
        let counts: [(String, Int, ClosedRange<Int>)] = [
            ("budget", budget, 1...1 << 30), ("tokens", tokens, WorkloadChoice.tokens),
            ("batch", batch, WorkloadChoice.batches), ("threads", threads, 1...256),
            ("calibrationSentences", calibrationSentences, 2...1 << 30),
            ("rewardSentences", rewardSentences, 4...1 << 30),
            ("calibrationWindows", calibrationWindows, 1...1 << 30),
            ("rewardWindows", rewardWindows, 1...1 << 30),
            ("checkWindows", checkWindows, 1...1 << 30),
            ("validationWindows", validationWindows, 1...1 << 30),
        ]
        if let (name, found, allowed) = counts.first(where: { !$2.contains($1) }) {
            return "\(name): found \(found), allowed \(allowed.lowerBound) to \(allowed.upperBound)"
        }
        // What is typed goes through the same door.
        guard PruningScore.unlabelled.contains(solver) else {
            let allowed = PruningScore.unlabelled.map(\.rawValue).joined(separator: ", ")
            return "solver: found \(solver.rawValue), allowed \(allowed)"
        }
        guard LatencyTarget("\(targetLatency)") == targetLatency else {
            return
                "targetLatency: found \(targetLatency), allowed a fraction of dense up to 1, or milliseconds"
        }
        if let mildestLatency, targetLatencies.mildest != mildestLatency {
            return
                "mildestLatency: found \(mildestLatency), allowed more than \(targetLatency), in the same unit"
        }
        if let maxDrop, !(maxDrop > 0 && maxDrop < 1) {
            return "maxDrop: found \(maxDrop), allowed more than 0 and less than 1"
        }
        if maxDrop != nil, mildestLatency != nil {
            return "maxDrop: found with the range \(targetLatencies), allowed with one latency"
        }
        if let targetSize, !(targetSize > 0 && targetSize <= 1) {
            return "targetSize: found \(targetSize), allowed more than 0 and at most 1"
        }
        let parts = [weights.quality, weights.latency, weights.size, weights.space]
        return parts.allSatisfy { $0 >= 0 && $0.isFinite }
            ? nil : "weights: found \(parts.map { "\($0)" }.joined(separator: ", ")), allowed 0 or more"
    }

    /// The latencies to reach.
    public var targetLatencies: LatencyTargets {
        get { LatencyTargets(targetLatency, mildest: mildestLatency) }
        set { (targetLatency, mildestLatency) = (newValue.strictest, newValue.mildest) }
    }

    /// The levels to choose from.
    public var levels: LevelSet {
        get { chosenLevels ?? Self.earlierLevels(task, latencyOf) }
        set { chosenLevels = newValue }
    }

    /// Whether levels were chosen: where not, a search starts by finding out which of those that are usual for its
    /// model pay on its machine, and chooses them.
    public var hasLevels: Bool { chosenLevels != nil }

    /// What searches chose from before levels were an option.
    private static func earlierLevels(_ task: String, _ phase: Workload.Phase) -> LevelSet {
        guard task == "lm" else { return .standard }
        return phase == .prefill ? .coarse : .coarse.with(.int8)
    }

    /// Settings of the agent that are not at their defaults, by name.
    public var agentOptions: [String: String] {
        get { chosenAgentOptions ?? [:] }
        set { chosenAgentOptions = newValue.isEmpty ? nil : newValue }
    }

    /// What latency is measured of, as it was asked for.
    public var workloadChoice: WorkloadChoice {
        get { hasDataLengths == true ? .data(batch: batch) : .fixed(tokens: tokens, batch: batch) }
        set {
            guard newValue != workloadChoice else { return }
            lengths = nil
            switch newValue {
            case .fixed(let tokens, let batch):
                (self.tokens, chosenBatch, hasDataLengths) = (tokens, batch == 1 ? nil : batch, nil)
            case .data(let batch):
                (chosenBatch, hasDataLengths) = (batch == 1 ? nil : batch, true)
            }
        }
    }

    /// Sequences at a time.
    private var batch: Int { chosenBatch ?? 1 }

    /// What latency is measured of. Where it is to follow the lengths of the data, they are not known before that is
    /// read.
    public var workload: Workload {
        lengths.map { Workload(lengths: $0) } ?? Workload(phase: latencyOf, tokens: tokens, batch: batch)
    }

    /// Whether the lengths of the data are asked for and still to be read.
    package var awaitsLengths: Bool { hasDataLengths == true && lengths == nil }

    /// Takes the lengths of the data's sequences, in tokens.
    package mutating func follow(lengthsOfTexts texts: [Int]) {
        let workload = Workload(ofTexts: texts, batch: batch)
        (lengths, tokens) = (workload.lengths, workload.tokens)
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case model, task, metric, train, validation, targetLatency, mildestLatency, targetSize, maxDrop
        case agent, budget
        case tokens, lengths
        case chosenBatch = "batch"
        case hasDataLengths = "lengthsOfData"
        case chosenAgentOptions = "agentOptions"
        case chosenLevels = "levels"
        case chosenRecovery = "recover"
        case latencyOf, threads, seed, solver, finetuneSteps, weights, calibrationSentences, rewardSentences
        case tokensOfText, calibrationWindows, rewardWindows, checkWindows, validationWindows
    }

    /// The fields of `run.json`.
    package static var fields: [String] { CodingKeys.allCases.map(\.rawValue) }

    /// Sets what has no default.
    public init(model: String, task: String, train: String, targetLatency: LatencyTarget, threads: Int) {
        self.model = model
        self.task = task
        self.train = train
        self.targetLatency = targetLatency
        self.threads = threads
    }
}
