import Tensors
import Testing
import Transformers

@testable import Export

@Suite struct ONNXSentencesTests {
    /// Every mode and step becomes nodes whose inputs are there before them, and no name is given twice.
    @Test func everyModuleHasItsNodes() throws {
        let dense = SentenceDense(
            weight: Matrix(rows: 2, columns: 24, repeating: 1), bias: [0, 1], activation: .tanh)
        let modules = SentenceModules(
            pooling: SentencePooling(SentencePooling.Mode.allCases),
            steps: [.normalize, .dense(dense), .normalize])
        #expect(modules.width(hidden: 4) == 2)
        var graph = ONNXGraph(name: "test")
        graph.declareInput("states", .float, ["batch", "sequence", 4])
        graph.declareInput("mask", .float, ["batch", "sequence"])
        _ = graph.constant("one", Float(1))
        _ = graph.constant("least", -Float.greatestFiniteMagnitude)
        ONNXSentences(states: "states", mask: "mask").add(modules, to: &graph, named: "embedding")
        let model = try Onnx_ModelProto(serializedBytes: graph.serialized())
        var known = Set(model.graph.input.map(\.name))
        for tensor in model.graph.initializer {
            #expect(known.insert(tensor.name).inserted, "\(tensor.name)")
        }
        for node in model.graph.node {
            #expect(known.isSuperset(of: node.input), "\(node.name)")
            for output in node.output { #expect(known.insert(output).inserted, "\(output)") }
        }
        let operations = model.graph.node.map(\.opType)
        for (operation, count) in [
            ("ReduceMax", 1), ("Sqrt", 1), ("CumSum", 3), ("Tanh", 1), ("ReduceL2", 2),
        ] {
            #expect(operations.filter { $0 == operation }.count == count, "\(operation)")
        }
        #expect(known.contains("embedding"))
    }
}
