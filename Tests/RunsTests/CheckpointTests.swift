import ChainProblem
import Foundation
import HDF5
import Levels
import ModelFiles
import Testing

@testable import Runs

@Suite struct CheckpointTests {
    /// Its rows are read, so that reports and searches from it continue; its agent's state is not.
    @Test func checkpointsOfTheVersionBeforeAreRefusedByName() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", budget: 5)
        let path = folder.file("checkpoint.h5")
        let costs = ChainEnvironment(problem: 1, budget: 5).costs
        let present = try CheckpointFile(path: path, costs: costs)
        #expect(present.rows.count == 5 && present.header.agentOptions.isEmpty)
        try HDF5File.write(atomicallyTo: path, beforeReplacing: { try FileSeal.append(to: $0) }) { root in
            try present.write(to: root)
            try root.setAttribute("schema", "secateur.checkpoint/2")
        }
        #expect(try CheckpointFile.readTrace(path: path).rows.map(\.terms) == present.rows.map(\.terms))
        #expect(try RunFiles(folder: folder.path).identity() == someIdentity)
        let error = #expect(throws: Levels.Issue.self) { try CheckpointFile(path: path, costs: costs) }
        let message = try #require(error?.description)
        #expect(message.contains("found 'secateur.checkpoint/2', allowed 'secateur.checkpoint/3'"))
        #expect(message.contains("the build of Secateur that began the search continues it"))
        #expect(message.hasPrefix(path) && !message.contains("\n"))
    }

    @Test func settingsOfAnAgentAreInTheTrace() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "spdy", options: ["patience": "3", "redrawn": "0.2"], budget: 4)
        let header = try TraceFile.read(path: folder.file("trace.h5")).0
        #expect(header.agentOptions == ["patience": "3", "redrawn": "0.2"])
    }

    /// A run of an earlier version is searched as it was: nothing in its reward is of the space.
    @Test func optionsOfEarlierVersionsHaveNoWeightOfTheSpace() throws {
        var options = SearchOptions(
            model: "m", task: "fidelity", train: "t", targetLatency: .fraction(0.5), threads: 1)
        options.weights.space = 0.25
        let data = try JSONEncoder().encode(options)
        #expect(try JSONDecoder().decode(SearchOptions.self, from: data) == options)
        var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var weights = try #require(object["weights"] as? [String: Any])
        #expect(weights.removeValue(forKey: "space") as? Double == 0.25)
        object["weights"] = weights
        let earlier = try JSONDecoder().decode(
            SearchOptions.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(earlier.weights.space == 0 && earlier.weights.quality == options.weights.quality)
        options.weights.space = -1
        #expect(options.outOfRange?.hasPrefix("weights") == true)
    }

    /// A run of an earlier version measured one sequence.
    @Test func optionsKeepTheLengthsOfTheData() throws {
        var options = SearchOptions(
            model: "m", task: "fidelity", train: "t", targetLatency: .fraction(0.5), threads: 1)
        options.tokens = 32
        let fixed = try JSONEncoder().encode(options)
        for field in ["lengths", "lengthsOfData", "batch"] {
            #expect(!String(decoding: fixed, as: UTF8.self).contains("\"\(field)\""))
        }
        #expect(options.workload == Workload(tokens: 32) && !options.awaitsLengths)
        options.workloadChoice = .data(batch: 2)
        #expect(options.awaitsLengths)
        options.follow(lengthsOfTexts: [4, 8, 12, 16])
        #expect(!options.awaitsLengths && options.tokens == 10)
        let read = try JSONDecoder().decode(SearchOptions.self, from: JSONEncoder().encode(options))
        #expect(read == options && read.workload.lengths?.count == 20)
        #expect(read.workloadChoice == .data(batch: 2))
        options.workloadChoice = .fixed(tokens: 16, batch: 3)
        #expect(options.workload == Workload(tokens: 16, batch: 3))
    }

    @Test func optionsKeepSettingsOfAgents() throws {
        var options = SearchOptions(
            model: "m", task: "fidelity", train: "t", targetLatency: .fraction(0.5), threads: 1)
        let without = try JSONEncoder().encode(options)
        #expect(try JSONDecoder().decode(SearchOptions.self, from: without).agentOptions.isEmpty)
        options.agentOptions = ["stepSize": "0.25"]
        let read = try JSONDecoder().decode(SearchOptions.self, from: JSONEncoder().encode(options))
        #expect(read == options && read.agentOptions == ["stepSize": "0.25"])
    }
}
