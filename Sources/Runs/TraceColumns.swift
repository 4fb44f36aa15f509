import Environments
import HDF5
import Levels

/// The datasets that hold the rows of a trace, in `trace.h5` and, as a copy, in `checkpoint.h5`.
struct TraceColumns {
    private let evaluation: HDF5Dataset
    private let actions: HDF5Dataset
    private let reward: HDF5Dataset
    private let quality: HDF5Dataset
    private let latencyMs: HDF5Dataset
    private let sizeBytes: HDF5Dataset
    private let baseline: HDF5Dataset
    private let learning: [HDF5Dataset]
    private let tokenPasses: HDF5Dataset
    private let wallClockSeconds: HDF5Dataset

    /// Where the parts of a ``LearningRecord`` are, by the names of their datasets.
    private static let learningParts:
        [(name: String, part: WritableKeyPath<LearningRecord, Double> & Sendable)] = [
            ("loss", \.loss), ("entropy", \.entropy), ("gradientNorm", \.gradientNorm),
            ("criticError", \.criticError), ("price", \.price),
        ]

    init(creatingIn group: HDF5Group, layers: Int) throws {
        func column<Scalar: HDF5Scalar>(_ name: String, _ type: Scalar.Type, _ row: [Int] = []) throws
            -> HDF5Dataset
        {
            try group.createExtendible(name, of: type, rowShape: row, chunkRows: 64)
        }
        evaluation = try column("evaluation", Int64.self)
        actions = try column("actions", Int32.self, [layers])
        reward = try column("reward", Double.self)
        quality = try column("quality", Double.self)
        latencyMs = try column("latencyMs", Double.self)
        sizeBytes = try column("sizeBytes", Int64.self)
        baseline = try column("baseline", Double.self)
        learning = try Self.learningParts.map { try column($0.name, Double.self) }
        tokenPasses = try column("tokenPasses", Int64.self)
        wallClockSeconds = try column("wallClockSeconds", Double.self)
    }

    func append(_ row: TraceRow) throws {
        try actions.append(row.actions.map(Int32.init))
        try reward.append([row.terms.reward])
        try quality.append([row.terms.quality])
        try latencyMs.append([row.terms.latencyMs])
        try sizeBytes.append([Int64(row.terms.sizeBytes)])
        try baseline.append([row.baseline])
        for (column, (_, part)) in zip(learning, Self.learningParts) {
            try column.append([row.learning[keyPath: part]])
        }
        try tokenPasses.append([Int64(row.tokenPasses)])
        try wallClockSeconds.append([row.wallClockSeconds])
        try evaluation.append([Int64(row.evaluation)])
    }

    func flush() throws {
        for column in [
            actions, reward, quality, latencyMs, sizeBytes, baseline, tokenPasses, wallClockSeconds,
        ] + learning {
            try column.flush()
        }
        try evaluation.flush()
    }

    /// Reads as many rows as `evaluation` has; a writer may be ahead with the other datasets.
    static func read(from group: HDF5Group, header: TraceHeader, path: String) throws -> [TraceRow] {
        let evaluations = try group.dataset("evaluation").read(as: Int64.self)
        let rows = 0..<evaluations.count
        func reals(_ name: String) throws -> [Double] {
            try group.dataset(name).readRows(rows, as: Double.self)
        }
        let layers = header.layers.count
        let shape = try group.dataset("actions").shape
        let actions = try group.dataset("actions").readRows(rows, as: Int32.self).map(Int.init)
        let (reward, quality, latency) = (try reals("reward"), try reals("quality"), try reals("latencyMs"))
        let sizes = try group.dataset("sizeBytes").readRows(rows, as: Int64.self).map(Int.init)
        let tokenPasses = try group.dataset("tokenPasses").readRows(rows, as: Int64.self).map(Int.init)
        let (baseline, seconds) = (try reals("baseline"), try reals("wallClockSeconds"))
        let learning = try learningParts.map { ($0.part, try reals($0.name)) }
        guard shape.dropFirst() == [layers], actions.allSatisfy(header.levels.indices.contains),
            evaluations == rows.map({ Int64($0 + 1) })
        else {
            throw Issue.unusable(
                path,
                "its rows are not those of \(layers) layers and \(header.levels.count) levels, numbered from 1"
            )
        }
        return rows.map { row in
            var learned = LearningRecord()
            for (part, values) in learning { learned[keyPath: part] = values[row] }
            return TraceRow(
                evaluation: row + 1, actions: Array(actions[row * layers..<(row + 1) * layers]),
                terms: RewardTerms(
                    quality: quality[row], latencyMs: latency[row], sizeBytes: sizes[row], reward: reward[row]
                ),
                baseline: baseline[row], learning: learned, tokenPasses: tokenPasses[row],
                wallClockSeconds: seconds[row])
        }
    }
}
