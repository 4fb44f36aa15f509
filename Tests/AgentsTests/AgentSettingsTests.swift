import ChainProblem
import Environments
import Foundation
import Levels
import Testing

@testable import Agents

@Suite struct AgentSettingsTests {
    private static func texts<Kind: Agent>(_ type: Kind.Type) -> [(name: String, text: String, help: String)]
    {
        Kind.Settings.options.map { ($0.name, $0.text(Kind.Settings()), $0.help) }
    }

    /// Each default is a value that the option takes, and stays what it is.
    @Test(arguments: AgentRegistry.standard.names) func defaultsAreAllowed(agent: String) throws {
        func check<Kind: Agent>(_ type: Kind.Type) throws {
            let texts = Self.texts(type)
            #expect(Set(texts.map(\.name)).count == texts.count)
            #expect(texts.allSatisfy { $0.help.hasSuffix(".") })
            let given = Dictionary(uniqueKeysWithValues: texts.map { ($0.name, $0.text) })
            #expect(try Kind.Settings(given, of: agent) == Kind.Settings())
        }
        try check(AgentRegistry.standard.agent(named: agent))
    }

    @Test func optionsAreRead() throws {
        let settings = try PPO.Settings(
            ["hidden": "8x16", "epochs": "3", "clipRange": "0.5"], of: PPO.name)
        #expect(settings.hidden == [8, 16] && settings.epochs == 3 && settings.clipRange == 0.5)
        #expect(settings.minibatch == PPO.Settings().minibatch)
    }

    @Test func unknownOptionsAndBadValuesAreRefusedByName() {
        func message(_ agent: String, _ options: [String: String]) -> String? {
            let toy = ChainEnvironment(problem: 1, budget: 1)
            return #expect(throws: Levels.Issue.self) {
                _ = try AgentRegistry.standard.make(
                    agent, costs: toy.costs, target: toy.usualTarget, budget: 1, seed: 1, options: options)
            }?.description
        }
        #expect(
            message("evopress", ["offsprings": "3"])
                == "agentOptions: evopress: found 'offsprings', allowed mostSwitches, offspring, attempts"
        )
        #expect(
            message("uniform", ["a": "3"]) == "agentOptions: uniform: found 'a', allowed none")
        for wrong in ["0", "x", "", "2000", "1.5"] {
            #expect(
                message("evopress", ["offspring": wrong])
                    == "agentOptions: offspring of evopress: found '\(wrong)', allowed 1 to 1000")
        }
        #expect(
            message("natural", ["stepSize": "nan"])?.hasSuffix("found 'nan', allowed 0.0 to 10.0") == false)
    }

    /// An agent that was given other settings does something else.
    @Test func settingsMakeADifference() throws {
        let (usual, other, same) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        try search(usual.path, agent: "reinforce")
        try search(other.path, agent: "reinforce", options: ["stepSize": "0.5"])
        try search(same.path, agent: "reinforce", options: ["stepSize": "0.08"])
        #expect(try traceRows(usual.path) != traceRows(other.path))
        #expect(try traceRows(usual.path) == traceRows(same.path))
    }

    /// Bits that a decimal text could lose.
    @Test func packedFloatsKeepEveryBit() throws {
        let values: [Float] = [0, -0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, 0.1, .pi, -1e30]
        let data = try JSONEncoder().encode([PackedFloats(values)])
        let read = try JSONDecoder().decode([PackedFloats].self, from: data)
        #expect(read[0].values.map(\.bitPattern) == values.map(\.bitPattern))
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([PackedFloats].self, from: Data(#"["AQI="]"#.utf8))
        }
    }
}
