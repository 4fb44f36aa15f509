import Agents
import ArgumentParser
import Evaluation
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
    case template
    case data

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
        case .template: ["template/chat.jinja"]
        case .data: ["pairs.csv", "pairs.jsonl", "pairs.tsv.gz", "text.txt.gz"].map { "data/\($0)" }
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
        case .template:
            let path = "\(folder)/template/chat.jinja"
            let template = try Datasets.text(path: path)
            _ = try ChatTemplate(template, tokens: ["bos_token": "<s>"], file: path).text(of: [
                .init(role: "system", content: "Be brief."), .init(role: "user", content: " Hi there\n"),
                .init(role: "assistant", content: "<think>\nhm\n</think>\nHello!"),
                .init(role: "user", content: "Why?"),
            ])
        case .data:
            for name in ["pairs.csv", "pairs.jsonl", "pairs.tsv.gz"] {
                _ = try Datasets.scoredPairs(path: "\(folder)/data/\(name)")
            }
            _ = try Datasets.sentences(path: "\(folder)/data/text.txt.gz")
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
        try writeTexts(in: folder)
        try files.createDirectory(atPath: "\(folder)/gguf", withIntermediateDirectories: true)
        let decoder = try DecoderModel(path: "\(folder)/decoder", precision: .float32)
        try DecoderExport(model: decoder.network, tokenizer: decoder.tokenizer)
            .writeGGUF(encoding: .f16, to: "\(folder)/gguf/model.gguf")
    }

    /// A template of conversations, and tables and text, plain and compressed.
    private static func writeTexts(in folder: String) throws {
        let files = FileManager.default
        for name in ["template", "data"] {
            try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        func write(_ text: String, _ name: String) throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try write(
            """
            {%- macro turn(role, text='') -%}[{{ role | upper }}]{{ text.strip().split('</think>')[-1] }}{%- endmacro -%}
            {%- set ns = namespace(count=0, last=none) -%}
            {{ bos_token }}{% for m in messages if m.role != 'system' %}
            {%- set ns.count = ns.count + 1 -%}
            {{ turn(m['role'], text=m.content[::1]) }}{{ loop.index0 % 2 }}{{ [m.content, {'a': 1.5}] | tojson(indent=1) }}
            {%- if loop.last and not tools %}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{% else %}
            {{- '-' * 3 ~ ns.count }}{% endif %}
            {% endfor %}{{ raise_exception('no') if ns.count > 99 else '>' }}
            """, "template/chat.jinja")
        let pairs = (0..<20).map { ("the \"cat\", \($0)", "a dog\nruns \($0)", Double($0) / 4) }
        func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }
        try write(
            "sentence1,sentence2,score\n"
                + pairs.map { "\(quoted($0.0)),\(quoted($0.1)),\($0.2)\n" }.joined(),
            "data/pairs.csv")
        let objects = try pairs.map { pair in
            let fields: [String: Any] = ["sentence1": pair.0, "sentence2": pair.1, "score": pair.2]
            return String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
        }
        try write(objects.joined(separator: "\n"), "data/pairs.jsonl")
        try write(
            "sentence1\tsentence2\tscore\n" + pairs.indices.map { "a \($0)\tb \($0)\t\($0 % 5)\n" }.joined(),
            "data/pairs.tsv")
        try files.copyItem(atPath: "\(folder)/text.txt", toPath: "\(folder)/data/text.txt")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["pairs.tsv", "text.txt"].map { "\(folder)/data/\($0)" }
        try process.run()
        process.waitUntilExit()
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
