import Foundation
import ModelFiles
import Tensors

@testable import Training

/// The folder of the tiny random encoder of the fixture with a vocabulary, in a folder of its own.
final class TinyEncoder {
    let folder: String

    init() throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent("tiny-\(UUID().uuidString)").path
        let reference = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/reference").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(atPath: "\(reference)/\(name)", toPath: "\(folder)/\(name)")
        }
        let words = [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "blue", "cat", "dog", "runs", "sits",
        ]
        try write("vocab.txt", words.joined(separator: "\n"))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Writes a file into the folder and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
    }

    /// Sentences whose class is their animal, with another word drawn at random.
    func labelled(_ name: String, count: Int, seed: UInt64) throws -> String {
        var random = CounterBasedRandom(seed: seed)
        let lines = (0..<count).map { index in
            let color = ["red", "blue"][Int(random.next() % 2)]
            let verb = ["runs", "sits"][Int(random.next() % 2)]
            return "\(color) \(["cat", "dog"][index % 2]) \(verb)\t\(index % 2)"
        }
        return try write(name, (["sentence\tlabel"] + lines).joined(separator: "\n"))
    }
}
