import Foundation
import HDF5
import Levels
import Tensors

/// Where training stands, in one HDF5 file that is replaced atomically: parameters, AdamW's moments, steps
/// taken, and the best parameters so far with their score.
struct TrainingCheckpoint {
    static let schema = "secateur.training/2"

    /// What fixes the steps: a checkpoint of another plan is refused.
    let key: String
    let path: String

    /// How far training is, apart from the trainer's state.
    struct Progress: Equatable {
        var step = 0
        /// Steps in all.
        var steps = 0
        var bestScore: Double?
        var bestStep = 0
        var scores: [Double] = []
        var elapsedSeconds = 0.0
    }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ trainer: Trainer, best: BestWeights, _ progress: Progress) throws {
        try HDF5File.write(atomicallyTo: path) { root in
            try root.setAttribute("schema", Self.schema)
            try root.setAttribute("key", key)
            try root.setAttribute("step", progress.step)
            try root.setAttribute("steps", progress.steps)
            try root.setAttribute("bestScore", progress.bestScore ?? .nan)
            try root.setAttribute("bestStep", progress.bestStep)
            try root.setAttribute("elapsedSeconds", progress.elapsedSeconds)
            try root.setAttribute("optimizerSteps", trainer.optimizer.steps)
            try root.write("scores", progress.scores)
            let names = trainer.trained.map(\.name)
            try root.writeStrings("names", names)
            try write(trainer.trained.map(\.value.elements), "parameters", root)
            try write(trainer.optimizer.first, "first", root)
            try write(trainer.optimizer.second, "second", root)
            try write(best.values, "best", root)
        }
    }

    /// How many steps there are in all.
    /// - Throws: `Issue` for a checkpoint of other steps or another model.
    func steps() throws -> Int {
        let file = try open()
        defer { try? file.close() }
        return try file.root.attribute("steps")
    }

    private func open() throws -> HDF5File {
        let file = try HDF5File.open(path: path, mode: .readOnly)
        let (schema, key): (String, String) = (
            try file.root.attribute("schema"), try file.root.attribute("key")
        )
        guard schema == Self.schema, key == self.key else {
            throw Issue(
                .mismatch, .path(path), found: "a checkpoint of other data, another model or other options",
                advice: "remove it, or use them")
        }
        return file
    }

    /// Puts a trainer where it stood.
    /// - Throws: `Issue` for a checkpoint of other steps or another model.
    func restore(_ trainer: Trainer) throws -> (best: BestWeights, progress: Progress) {
        let file = try open()
        defer { try? file.close() }
        let root = try file.root
        let parameters = trainer.trained
        guard try root.readStrings("names") == parameters.map(\.name) else {
            throw Issue(
                .mismatch, .path(path), field: "names", found: "other parameters",
                allowed: "those of the model")
        }
        func read(_ name: String) throws -> [[Float]] {
            let group = try root.group(name)
            return try parameters.enumerated().map { index, parameter in
                let values: [Float] = try group.dataset("\(index)").read()
                guard values.count == parameter.value.elements.count || values.isEmpty else {
                    throw Issue(
                        .mismatch, .path(path), field: "/\(name)/\(index)", found: "\(values.count) numbers",
                        allowed: "\(parameter.value.elements.count), as \(parameter.name) has")
                }
                return values
            }
        }
        for (parameter, values) in zip(parameters, try read("parameters")) {
            parameter.value.elements = values
        }
        trainer.optimizer.restore(
            first: try read("first"), second: try read("second"),
            steps: try root.attribute("optimizerSteps"))
        let score: Double = try root.attribute("bestScore")
        let progress = Progress(
            step: try root.attribute("step"), steps: try root.attribute("steps"),
            bestScore: score.isNaN ? nil : score,
            bestStep: try root.attribute("bestStep"), scores: try root.dataset("scores").read(),
            elapsedSeconds: try root.attribute("elapsedSeconds"))
        return (BestWeights(try progress.bestScore == nil ? [] : read("best")), progress)
    }

    private func write(_ arrays: [[Float]], _ name: String, _ root: HDF5Group) throws {
        let group = try root.createGroup(name)
        for (index, array) in arrays.enumerated() { try group.write("\(index)", array) }
    }
}
