import Agents
import Foundation
import TinyModels

/// A search that takes a second or two, as tests start it.
enum TinySearch {
    /// A folder with a model and a text.
    static func prepared() throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 1)
        try TinyModel.writeSentences(400, to: tool.file("text.txt"), seed: 2)
        return tool
    }

    /// The arguments of a search into a folder; later ones go before.
    static func arguments(_ tool: CommandLineTool, _ run: String, _ more: [String] = []) -> [String] {
        [
            "search", tool.file("model"), "--task", "fidelity", "--train", tool.file("text.txt"),
            "--target-latency", "0.8", "--tokens", "32", "--threads", "1", "--output", tool.file(run),
        ] + more
    }

    /// A row of a trace without its wall-clock time.
    struct Row: Equatable {
        let actions: [Int]
        let reward: UInt64
    }

    /// The rows of a finished run.
    static func rows(_ run: String) throws -> [Row] {
        try TraceFile.read(path: "\(run)/trace.h5").1.map {
            Row(actions: $0.actions, reward: $0.terms.reward.bitPattern)
        }
    }
}
