import Foundation
import Levels
import ModelFiles
import Tensors
import Testing

@testable import Transformers

/// What transformers gives: Fixtures/make_architectures.py.
@Suite struct DistilBERTTests {
    private struct Reference: Decodable {
        let sequences: [[Int32]]
        let states: [[[Float]]]
        let logits: [[Float]]
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/distilbert-tiny").path

    private static func reference() throws -> Reference {
        try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/outputs.json")))
    }

    @Test(arguments: [1, 3]) func hiddenStatesAreThoseOfTransformers(threads: Int) throws {
        let (model, reference) = (try Encoder(folder: Self.folder), try Self.reference())
        let batch = TokenBatch(reference.sequences)
        let workspace = EncoderWorkspace(model.dimensions, tokens: batch.tokens, threads: threads, longest: 8)
        model.forward(batch, workspace: workspace, pool: try ThreadPool(threads: threads))
        for (token, expected) in reference.states.joined().enumerated() {
            for (feature, value) in expected.enumerated() {
                #expect(abs(workspace.hidden[feature, token] - value) < 1e-4)
            }
        }
    }

    @Test func logitsAreThoseOfTransformers() throws {
        let reference = try Self.reference()
        let model = try SequenceClassifier(folder: Self.folder, encoder: Encoder(folder: Self.folder))
        #expect(model.classes == 3)
        let logits = model.logits(of: reference.sequences, pool: try ThreadPool(threads: 2))
        for (row, expected) in reference.logits.enumerated() {
            for (column, value) in expected.enumerated() { #expect(abs(logits[row, column] - value) < 1e-4) }
        }
    }

    @Test func layersAreNamedAsInTheCheckpoint() throws {
        let model = try Encoder(folder: Self.folder)
        let file = try SafetensorsFile(path: "\(Self.folder)/model.safetensors")
        for shape in model.layerShapes {
            #expect(try file.info("distilbert.\(shape.name).weight").shape == [shape.rows, shape.cols])
            let place = Architectures.place(ofLayer: "distilbert.\(shape.name)")
            #expect(place?.block == shape.block && place?.role == shape.role)
        }
        #expect(model.parameterCount == file.tensors.values.reduce(0) { $0 + $1.elementCount })
    }

    @Test func anotherActivationIsRefused() throws {
        let folder = NSTemporaryDirectory() + "distilbert-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.folder, toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/config.json"
        try String(contentsOfFile: path, encoding: .utf8).replacing("\"gelu\"", with: "\"relu\"").write(
            toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
        #expect(error?.description.contains("'activation': found 'relu', allowed 'gelu'") == true)
    }
}
