import Agents
import Environments
import Evaluation
import Foundation
import Levels
import Models
import Runs
import Search
import Secateur
import SparseKernels
import Tensors
import Testing
import TinyModels
import Transformers

/// A program adds a level format, a family of models, an agent and a task of its own, by public names alone,
/// and a search runs over them to its end.
@Suite(.serialized) struct OpennessTests {
    @Test func aSearchRunsOverWhatAProgramAdds() async throws {
        let folder = NSTemporaryDirectory() + "secateur-open-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try TinyModel.write(to: "\(folder)/model", seed: 1)
        let configuration = "\(folder)/model/config.json"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        try text.replacing("\"bert\"", with: "\"acme\"")
            .write(toFile: configuration, atomically: true, encoding: .utf8)
        try TinyModel.writeSentences(300, to: "\(folder)/text.txt", seed: 2)

        var options = Secateur.Search.Options(
            model: "\(folder)/model", task: NeighborTask().name, train: "\(folder)/text.txt",
            targetLatency: .fraction(1), threads: 1)
        options.tokens = 16
        options.budget = 60
        options.agent = Cautious.name
        options.levels = try LevelSet("dense,4x1@0.5,float16,4x1@0.5:float16")
        var components = SearchComponents.standard
        components.tasks = components.tasks.adding(NeighborTask())
        components.agents = components.agents.adding(Cautious.self)
        components.capabilities.formats = components.capabilities.formats.adding(HalfFormat())
        components.capabilities.architectures = components.capabilities.architectures.adding(
            Architecture(
                modelType: "acme", modules: Architecture.bert.modules, network: Architecture.bert.network))

        let search = Secateur.Search(
            options, output: "\(folder)/run", cache: "\(folder)/cache", components: components)
        var summary: Run.Summary?
        for try await event in try search.run() {
            if case .finished(let found) = event { summary = found }
        }
        let found = try #require(summary)
        #expect(found.evaluations > 3 && found.options.agent == "cautious")
        let run = try Run("\(folder)/run")
        let levels = Set(try run.trace().flatMap(\.actions))
        #expect(levels.contains(2), "no evaluated policy has the added precision")
        #expect(try run.policy().layers.count == 12)
        // Without the additions, each is refused by its name.
        for (name, isMissing) in [
            ("neighbors", SearchComponents(agents: components.agents, capabilities: components.capabilities)),
            ("cautious", SearchComponents(tasks: components.tasks, capabilities: components.capabilities)),
            ("float16", without { $0.formats = .standard }),
            ("acme", without { $0.architectures = .standard }),
        ] {
            let error = await #expect(throws: (any Error).self) {
                let again = Secateur.Search(
                    options, output: "\(folder)/again", cache: "\(folder)/cache", components: isMissing)
                for try await _ in try again.run() {}
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains(name), "\(name)")
        }
        func without(_ change: (inout Capabilities) -> Void) -> SearchComponents {
            var fewer = components
            change(&fewer.capabilities)
            return fewer
        }
    }
}

/// Weights rounded to 16 bits, on the kernels that there are.
private struct HalfFormat: LevelFormat {
    let name = "float16, rounded weights"

    func makes(_ level: Level) -> Bool {
        level.precision.name == "float16" && FloatFormat().makes(level.with(.float32))
    }

    func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        let rounded = Matrix(
            rows: weight.rows, columns: weight.columns, elements: weight.elements.map { Float(Float16($0)) })
        return FloatFormat().pack(
            level.with(.float32), weight: rounded, bias: bias, for: phase, on: instructionSet)
    }

    func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int {
        FloatFormat().sizeBytes(level.with(.float32), rows: rows, columns: columns, for: phase) / 2
    }

    func glyph(_ level: Level) -> LevelGlyph { FloatFormat().glyph(level.with(.float32)) }
}

/// Tries one layer at one level after the other.
private struct Cautious: Agent {
    struct State: Codable, Sendable {
        var tried = 0
    }

    static let name = "cautious"
    static let usesSensitivities = false
    let baseline = Double.nan
    private let costs: LevelCosts
    private(set) var state = State()

    init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: NoSettings) {
        self.costs = costs
    }

    private var changes: Int { costs.layers.count * costs.levels.count }
    var wantsMore: Bool { state.tried < changes }

    mutating func restore(_ state: State) { self.state = state }

    mutating func act(_ observation: Observation) -> Int {
        let (layer, level) = (state.tried / costs.levels.count, state.tried % costs.levels.count)
        let wanted = observation.layer == layer ? level : costs.levels.dense
        return observation.mask[wanted] ? wanted : observation.mask.firstIndex(of: true) ?? costs.levels.dense
    }

    mutating func finish(_ episode: Episode) { state.tried += 1 }
}

/// How many sentences keep the neighbor that they have by the dense model.
private struct NeighborTask: SearchTask {
    let name = "neighbors"
    let help = "neighbors (how many sentences keep their nearest; text, a sentence a line)"
    let isLabelled = false

    func calibration(_ options: SearchOptions, for model: EncoderModel) throws -> [[Int32]] {
        Array(try sequences(options.train, model).prefix(32))
    }

    func data(_ options: SearchOptions, for model: EncoderModel, pool: ThreadPool) throws -> SearchData<
        Transformers.Encoder
    > {
        let all = try sequences(options.train, model)
        return SearchData(
            calibration: Array(all.prefix(32)), reward: Kept(Array(all[32..<72]), model, pool),
            check: Kept(Array(all[72..<112]), model, pool))
    }

    func validation(
        _ options: SearchOptions, file: String, of model: EncoderModel, dense: EncoderModel, pool: ThreadPool
    ) throws -> any ModelTask<Transformers.Encoder> {
        Kept(Array(try sequences(file, model).prefix(40)), dense, pool)
    }

    func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult {
        throw Issue(.unsupported, .option("task"), found: name, allowed: "in searches")
    }

    private func sequences(_ file: String, _ model: EncoderModel) throws -> [[Int32]] {
        model.sentences.encode(try Datasets.sentences(path: file))
    }

    private struct Kept: EmbeddingTask {
        let metric = "neighbors kept"
        let sequences: [[Int32]]
        private let neighbors: [Int]

        init(_ sequences: [[Int32]], _ dense: EncoderModel, _ pool: ThreadPool) {
            self.sequences = sequences
            neighbors = Self.nearest(dense.encoder.embed(sequences, pool: pool))
        }

        var count: Int { sequences.count }

        func score(_ embeddings: Matrix) -> Double {
            Double(zip(Self.nearest(embeddings), neighbors).count { $0 == $1 }) / Double(count)
        }

        private static func nearest(_ embeddings: Matrix) -> [Int] {
            (0..<embeddings.rows).map { row in
                let others = (0..<embeddings.rows).filter { $0 != row }
                func similarity(_ other: Int) -> Float {
                    zip(embeddings.row(row), embeddings.row(other)).reduce(0) { $0 + $1.0 * $1.1 }
                }
                return others.max { similarity($0) < similarity($1) } ?? row
            }
        }
    }
}
