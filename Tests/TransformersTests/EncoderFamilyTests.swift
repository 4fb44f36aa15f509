import Foundation
import Levels
import ModelFiles
import Tensors
import Testing

@testable import Transformers

/// Every family of encoders against transformers: Fixtures/make_architectures.py.
@Suite struct EncoderFamilyTests {
    private struct Reference: Decodable {
        let sequences: [[Int32]]
        let states: [[[Float]]]
        let logits: [[Float]]
    }

    static let families = [
        "distilbert", "distilbert-relu", "bert-tanh", "roberta", "xlm-roberta", "camembert",
    ]

    private static func folder(_ family: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/\(family)-tiny").path
    }

    private static func reference(_ family: String) throws -> Reference {
        try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder(family))/outputs.json")))
    }

    @Test(arguments: families, [1, 3])
    func hiddenStatesAreThoseOfTransformers(_ family: String, threads: Int) throws {
        let (model, reference) = (try Encoder(folder: Self.folder(family)), try Self.reference(family))
        let batch = TokenBatch(reference.sequences)
        let workspace = EncoderWorkspace(
            model.dimensions, tokens: batch.tokens, threads: threads,
            longest: reference.sequences.map(\.count).max() ?? 0)
        model.forward(batch, workspace: workspace, pool: try ThreadPool(threads: threads))
        for (token, expected) in reference.states.joined().enumerated() {
            for (feature, value) in expected.enumerated() {
                #expect(abs(workspace.hidden[feature, token] - value) < 1e-4)
            }
        }
    }

    @Test(arguments: families) func logitsAreThoseOfTransformers(_ family: String) throws {
        let (folder, reference) = (Self.folder(family), try Self.reference(family))
        let model = try SequenceClassifier(folder: folder, encoder: Encoder(folder: folder))
        #expect(model.classes == 3)
        let logits = model.logits(of: reference.sequences, pool: try ThreadPool(threads: 2))
        for (row, expected) in reference.logits.enumerated() {
            for (column, value) in expected.enumerated() { #expect(abs(logits[row, column] - value) < 1e-4) }
        }
    }

    @Test(arguments: families) func layersAreNamedAsInTheCheckpoint(_ family: String) throws {
        let model = try Encoder(folder: Self.folder(family))
        let file = try SafetensorsFile(folder: Self.folder(family))
        let prefix = try #require(model.architecture.modules.prefix)
        for shape in model.layerShapes {
            #expect(try file.info("\(prefix)\(shape.name).weight").shape == [shape.rows, shape.cols])
            let place = Architectures.place(ofLayer: "\(prefix)\(shape.name)")
            #expect(place?.block == shape.block && place?.role == shape.role)
        }
        #expect(model.parameterCount == file.tensors.values.reduce(0) { $0 + $1.elementCount })
    }

    @Test(arguments: [
        (
            "distilbert", #""activation": "gelu""#, #""activation": "mish""#,
            "'activation': found 'mish', allowed 'gelu'"
        ),
        ("bert-tanh", #""hidden_act": "gelu_new""#, #""hidden_act": "silu""#, "'hidden_act': found 'silu'"),
        (
            "bert-tanh", #""is_decoder": false"#, #""is_decoder": true"#,
            "'is_decoder': found true, allowed false"
        ),
        (
            "bert-tanh", #""is_decoder": false"#, #""residual_scale": 0.5"#,
            "'residual_scale': found 0.5, allowed fields that are known here"
        ),
        ("roberta", #""pad_token_id": 1"#, #""pad_token_id": 0"#, "'pad_token_id': found 0, allowed 1"),
    ])
    func whatIsNotComputedIsRefused(_ family: String, _ old: String, _ new: String, _ says: String) throws {
        let folder = NSTemporaryDirectory() + "family-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.folder(family), toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old))
        try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
        #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    }

    /// Heads of other tasks do not matter to embeddings, and all else that a file holds does.
    @Test(arguments: [
        ("bert.encoder.layer.0.adapter.weight", false), ("bert.embeddings.projection.weight", false),
        ("linear.weight", false), ("bert.encoder.layer.2.output.dense.weight", true),
        ("cls.predictions.bias", true),
        ("bert.pooler.dense.weight", true), ("bert.embeddings.position_ids", true),
    ])
    func tensorsThatNobodyComputesWithAreRefused(_ name: String, isIdle: Bool) throws {
        let folder = NSTemporaryDirectory() + "extra-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.folder("bert-tanh"), toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try SafetensorsFile(folder: folder)
        let tensors = try file.names.filter { $0 != name }.map { try file.copy(of: $0) }
        try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
        try SafetensorsWriter.write(
            tensors + [SafetensorsTensor(name: name, shape: [2], floats: [1, 2])], metadata: [:],
            to: "\(folder)/model.safetensors")
        guard !isIdle else {
            _ = try Encoder(folder: folder)
            return
        }
        let error = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
        #expect(error?.field == .tensor(name), "\(String(describing: error))")
    }

    /// A file of weights cut into several, and norms by the names that TensorFlow gave them.
    @Test func weightsInSeveralFilesAndOfOldNames() throws {
        let (source, folder) = (
            Self.folder("bert-tanh"), NSTemporaryDirectory() + "parts-\(UUID().uuidString)"
        )
        try FileManager.default.copyItem(atPath: source, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = try SafetensorsFile(folder: source)
        try FileManager.default.removeItem(atPath: "\(folder)/model.safetensors")
        var map: [String: String] = [:]
        for part in 0..<2 {
            let names = whole.names.enumerated().filter { $0.offset % 2 == part }.map(\.element)
            let file = "model-0000\(part + 1)-of-00002.safetensors"
            let tensors = try names.map { name -> SafetensorsTensor in
                let old = name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
                    .replacing("LayerNorm.bias", with: "LayerNorm.beta")
                map[old] = file
                return SafetensorsTensor(
                    name: old, shape: try whole.info(name).shape, floats: try whole.float32(name))
            }
            try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: "\(folder)/\(file)")
        }
        let index = "\(folder)/model.safetensors.index.json"
        try JSONSerialization.data(withJSONObject: ["metadata": [:], "weight_map": map])
            .write(to: URL(fileURLWithPath: index))
        let (one, parts) = (try Encoder(folder: source), try Encoder(folder: folder))
        #expect(one.weights.mapValues(\.elements) == parts.weights.mapValues(\.elements))
        #expect(one.parameterCount == parts.parameterCount)
        #expect(try SafetensorsFile(folder: folder).names.sorted() == whole.names.sorted())

        map["bert.nowhere"] = "model-00001-of-00002.safetensors"
        try JSONSerialization.data(withJSONObject: ["weight_map": map]).write(to: URL(fileURLWithPath: index))
        let error = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
        #expect(error?.description.contains("'bert.nowhere': found no such tensor") == true)
        try FileManager.default.removeItem(atPath: index)
        try Data().write(to: URL(fileURLWithPath: "\(folder)/pytorch_model.bin"))
        let pickled = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
        #expect(pickled?.description.contains("found pytorch_model.bin and no model.safetensors") == true)
    }
}
