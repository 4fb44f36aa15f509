import Foundation
import Levels
import ModelFiles
import Runs
import SparseKernels
import Testing

@Suite struct PolicyTests {
    private let folder: String
    private let shapes = [
        LayerShape(name: "a.query", rows: 8, cols: 4, block: 0, role: .query),
        LayerShape(name: "b.dense", rows: 16, cols: 8, block: 0, role: .feedForwardUp),
    ]

    init() throws {
        folder = NSTemporaryDirectory() + "policy-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func read(_ json: String) throws -> Policy {
        let path = "\(folder)/policy.json"
        try json.write(toFile: path, atomically: true, encoding: .utf8)
        return try Policy(path: path)
    }

    private func error(_ json: String) throws -> String {
        do {
            let policy = try read(json)
            _ = try policy.levels(for: shapes, path: "policy.json")
            return "no error"
        } catch let error as Levels.Issue {
            return error.description
        }
    }

    private static func policy(_ layers: String, schema: String = "secateur.policy/1") -> String {
        #"{"schema": "\#(schema)", "layers": [\#(layers)]}"#
    }

    private static let dense = #"{"layer": "a.query", "level": {"pattern": "dense", "sparsity": 0}}"#
    private static let block =
        #"{"layer": "b.dense", "level": {"pattern": "4x1", "sparsity": 0.75}, "rows": 16, "cols": 8}"#

    @Test func theSchemaAllowsEveryPattern() throws {
        let expression = try Regex(try #require(try Self.levelSchema()["pattern"]?["pattern"] as? String))
        for pattern in FloatFormat.patterns + [.dense, .heads, .neurons, .block, .sublayer] {
            #expect(pattern.description.wholeMatch(of: expression) != nil, "\(pattern)")
        }
        #expect("5y1".wholeMatch(of: expression) == nil)
        let precision = try Regex(try #require(try Self.levelSchema()["precision"]?["pattern"] as? String))
        #expect(Precision.int8.name.wholeMatch(of: precision) != nil)
    }

    private static func levelSchema() throws -> [String: [String: Any]] {
        let schema = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/policy.schema.json")
        let root = try JSONSerialization.jsonObject(with: Data(contentsOf: schema)) as? [String: Any]
        let definitions = try #require(root?["$defs"] as? [String: [String: Any]])
        return try #require(definitions["level"]?["properties"] as? [String: [String: Any]])
    }

    @Test func aPolicyMadeByHandIsRead() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // The order of layers is the model's, whatever the file's is.
        let policy = try read(Self.policy("\(Self.block), \(Self.dense)"))
        let levels = try policy.levels(for: shapes, path: "policy.json")
        #expect(levels == [.dense, Level(pattern: .rowBlock4, sparsity: 0.75)])
        #expect(policy.modelDigest == nil && policy.latencyMs == nil)
        let path = "\(folder)/again.json"
        try AtomicFile.write(try policy.json(), to: path)
        #expect(try Policy(path: path) == policy)
    }

    @Test func whatIsNoPolicyIsSaidSo() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let both = "\(Self.dense), \(Self.block)"
        let wrong: [(String, [String])] = [
            ("{", ["policy.json", "found no policy"]),
            (#"{"layers": []}"#, ["no field 'schema'"]),
            (Self.policy(both, schema: "secateur.policy/9"), ["secateur.policy/9", "allowed"]),
            (Self.policy(""), ["found none"]),
            (Self.policy("\(Self.dense), \(Self.dense)"), ["a.query", "twice"]),
            (Self.policy(Self.dense), ["b.dense", "found no level"]),
            (
                Self.policy(both.replacing("b.dense", with: "c.dense")),
                ["c.dense", "no such layer", "a.query"]
            ),
            (Self.policy(both.replacing("\"rows\": 16", with: "\"rows\": 12")), ["12x8", "16x8"]),
            (Self.policy(both.replacing("4x1", with: "9y9")), ["9y9", "unstructured", "Index 1"]),
            (Self.policy(both.replacing("0.75", with: "1.0")), ["found 1.0", "less than 1"]),
            (Self.policy(both.replacing("0.75", with: "-0.5")), ["found -0.5"]),
            (Self.policy(both.replacing("\"sparsity\": 0}", with: "\"sparsity\": 0.5}")), ["0 for dense"]),
            (Self.policy(both.replacing("0.75", with: "\"much\"")), ["sparsity"]),
        ]
        for (json, words) in wrong {
            let text = try error(json)
            for word in words { #expect(text.contains(word), "\(text)") }
            #expect(!text.contains("\n"))
        }
        #expect(throws: Levels.Issue.self) { try Policy(path: "\(folder)/missing.json") }
    }

    @Test func aRunHasAPolicyAtItsEnd() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = RunFiles(folder: folder)
        let noRun = #expect(throws: Levels.Issue.self) { try run.policy() }
        #expect(noRun?.description.contains("policy.json: no such file: allowed is the folder") == true)
        try AtomicFile.write(Data("{}".utf8), to: run.path(.options))
        let unfinished = #expect(throws: Levels.Issue.self) { try run.policy() }
        #expect(unfinished?.description.contains("the search has not ended") == true)
        let written = try read(Self.policy(Self.block))
        #expect(try run.policy() == written)
    }
}
