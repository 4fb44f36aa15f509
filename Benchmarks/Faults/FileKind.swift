import Agents
import ArgumentParser
import Foundation
import Levels
import Models
import Pruning
import Report
import Runs
import Search
import SparseKernels
import Tensors
import TinyModels
import Tokenizers
import Transformers

/// The kinds of files that a user may hand over damaged.
enum FileKind: String, CaseIterable, ExpressibleByArgument {
    case policy
    case trace
    case latencyTable = "latency-table"
    case levelDatabase = "level-database"
    case safetensors
    case gguf
    case tokenizer

    /// The files of ``makeSamples(in:)`` that are damaged, below its folder.
    var files: [String] {
        switch self {
        case .policy:
            ["policy.json", "summary.json", "costs.json", "run.json"].map { "run/\($0)" }
        case .trace: ["run/trace.h5", "run/checkpoint.h5"]
        case .latencyTable: ["run/latency.h5"]
        case .levelDatabase:
            ["index.json", "encoder.layer.0.attention.self.query.safetensors"].map { "levels/\($0)" }
        case .safetensors: ["model", "packed", "decoder"].map { "\($0)/model.safetensors" }
        case .gguf: ["gguf/model.gguf"]
        case .tokenizer: ["model/tokenizer.json", "decoder/tokenizer.json"]
        }
    }

    /// Reads the files as the commands do, and uses what was read.
    func read(in folder: String) throws {
        switch self {
        case .policy:
            _ = try Policy(path: "\(folder)/run/policy.json")
            _ = ReportPage(try RunRecord(folder: "\(folder)/run")).html
        case .trace:
            _ = ReportPage(try RunRecord(folder: "\(folder)/run")).html
            _ = try RunFiles(folder: "\(folder)/run").recordedSoFar()
        case .latencyTable:
            let table = try LatencyTable(path: "\(folder)/run/latency.h5")
            _ = table.latencyMs(LayerShape(name: "", rows: 32, cols: 32, block: 0, role: .query), .dense)
        case .levelDatabase:
            let database = try LevelDatabase(folder: "\(folder)/levels")
            for layer in database.layers.indices.prefix(2) {
                for level in database.levels.indices.dropFirst() {
                    _ = try database.weight(layer: layer, level: level)
                }
            }
        case .safetensors:
            let model = try EncoderModel(folder: "\(folder)/model")
            _ = model.encoder.embed([[2, 5, 6, 3]], pool: ThreadPool())
            let packed = try EncoderModel(folder: "\(folder)/packed")
            _ = packed.encoder.embed([[2, 5, 6, 3]], pool: ThreadPool())
            _ = try Decoder(path: "\(folder)/decoder")
        case .gguf:
            let model = try DecoderModel(path: "\(folder)/gguf/model.gguf", precision: .float32)
            _ = model.tokenizer.encode("abcab<|endoftext|>")
        case .tokenizer:
            let words = try Tokenizer(folder: "\(folder)/model")
            _ = words.tokens(for: words.encode("The old dog sings, ünder 12 trees"))
            let bytes = try Tokenizer(folder: "\(folder)/decoder")
            _ = bytes.text(of: bytes.encode("abcab c<|endoftext|>"))
        }
    }

    /// Whole files of every kind, from a small search and small models.
    static func makeSamples(in folder: String) throws {
        try TinyModel.write(to: "\(folder)/model", seed: 1)
        try TinyModel.writeSentences(400, to: "\(folder)/text.txt", seed: 2)
        let options = TinySearch.options(model: "\(folder)/model", train: "\(folder)/text.txt", budget: 50)
        let session = try SearchSession<EncoderModel>.start(
            options, task: AgreementTask(), folder: "\(folder)/run", cache: "\(folder)/cache")
        _ = try session.finish()
        let files = FileManager.default
        let databases = try files.contentsOfDirectory(atPath: "\(folder)/cache")
        guard let database = databases.first else {
            throw Issue(.missing, .path("\(folder)/cache"), found: "no database")
        }
        try files.moveItem(atPath: "\(folder)/cache/\(database)", toPath: "\(folder)/levels")
        try TinyModel.writeTokenizer(to: "\(folder)/model/tokenizer.json")
        try writePacked(of: "\(folder)/model", to: "\(folder)/packed")
        try TinyDecoder.write(to: "\(folder)/decoder", seed: 3)
        try files.createDirectory(atPath: "\(folder)/gguf", withIntermediateDirectories: true)
        let decoder = try DecoderModel(path: "\(folder)/decoder", precision: .float32)
        try DecoderExport(model: decoder.network, tokenizer: decoder.tokenizer)
            .writeGGUF(encoding: .f16, to: "\(folder)/gguf/model.gguf")
    }

    /// The model with layers in 4 bits, and in 8 bits without the columns that they drop.
    private static func writePacked(of model: String, to folder: String) throws {
        let encoder = try EncoderModel(folder: model).encoder.roundingWords()
        let sparse = Level(pattern: .rowBlock4, sparsity: 0.5, precision: .int8)
        var random = CounterBasedRandom(seed: 4)
        var (weights, levels) = ([String: PrunedWeight](), [String: Level]())
        for (index, layer) in encoder.layerShapes.enumerated() {
            let level = index % 2 == 0 ? sparse : .dense.with(.int4)
            var weight = try encoder.weight(of: layer.name)
            weight.scatterZeros(level, using: &random)
            (weights[layer.name], levels[layer.name]) = (PrunedWeight(weight), level)
        }
        try PrunedModelFolder.write(
            weights: weights, levels: levels, words: encoder.integerWords, of: model,
            encoder.architecture, metadata: ["format": "pt"], to: folder)
    }
}

/// A search over a tiny model, which takes a second or two.
enum TinySearch {
    static func options(model: String, train: String, budget: Int) -> SearchOptions {
        var options = SearchOptions(
            model: model, task: AgreementTask().name, train: train, targetLatency: .fraction(0.8), threads: 1)
        options.tokens = 32
        options.budget = budget
        return options
    }
}
