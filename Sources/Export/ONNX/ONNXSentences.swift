import Levels
import ModelFiles
import Tokenizers
import Transformers

extension ONNXEncoder {
    /// What makes embeddings of the hidden states of a folder's encoder.
    /// - Throws: `Issue` for modules that are not known, or that leave out the tokens of prompts: a
    ///   graph does not see which tokens those are.
    static func sentences(folder: String, hidden: Int) throws -> SentenceModules {
        let modules = try SentenceFolder(folder).read(hidden: hidden)
        let prompts = try SentenceSettings(folder: folder).prompts
        guard modules.pooling.includesPrompt || prompts.values.allSatisfy(\.isEmpty) else {
            throw Issue(
                .unsupported, .path("\(folder)/modules.json"), found: "Pooling with include_prompt false",
                allowed: "true in onnx for a model with prompts")
        }
        return modules
    }
}

/// The nodes that compute an embedding [batch × features] of hidden states [batch × sequence × hidden].
struct ONNXSentences {
    /// The hidden states.
    let states: String
    /// 1 for tokens, 0 after them [batch × sequence]; at least one token in each sequence.
    let mask: String

    /// Adds the nodes, the last of them named `name`.
    func add(_ modules: SentenceModules, to graph: inout ONNXGraph, named name: String) {
        let poolings = modules.pooling.modes.enumerated().map { pool(by: $1, "pool.\($0)", in: &graph) }
        var value =
            poolings.count == 1
            ? poolings[0] : graph.apply("Concat", poolings, named: "pooled", ["axis": .integer(-1)])
        for (index, step) in modules.steps.enumerated() {
            switch step {
            case .normalize: value = normalize(value, "step.\(index)", in: &graph)
            case .dense(let dense): value = apply(dense, to: value, "step.\(index)", in: &graph)
            }
        }
        graph.apply("Identity", [value], named: name)
    }

    private func pool(by mode: SentencePooling.Mode, _ name: String, in graph: inout ONNXGraph) -> String {
        let axis = graph.constant("\(name).axis", [-1])
        guard let weights = weights(mode, name, in: &graph) else {
            // Next to minus infinity after the end of a sequence, where no value is the highest.
            let ended = graph.apply("Sub", ["one", mask], named: "\(name).ended")
            let low = graph.apply("Mul", [ended, "least"], named: "\(name).low")
            let wide = graph.apply("Unsqueeze", [low, axis], named: "\(name).wide")
            let sunk = graph.apply("Add", [states, wide], named: "\(name).sunk")
            return graph.apply(
                "ReduceMax", [sunk], named: name, ["axes": .integers([1]), "keepdims": .integer(0)])
        }
        let wide = graph.apply("Unsqueeze", [weights.each, axis], named: "\(name).wide")
        let weighted = graph.apply("Mul", [states, wide], named: "\(name).weighted")
        let tokens = graph.constant("\(name).tokens", [1])
        let sum = graph.apply(
            "ReduceSum", [weighted, tokens], named: "\(name).sum", ["keepdims": .integer(0)])
        guard let divisor = weights.divisor else { return sum }
        return graph.apply("Div", [sum, divisor], named: name)
    }

    /// The weight of each token [batch × sequence], and what their sum is divided by [batch × 1]; nil for the
    /// highest.
    private func weights(_ mode: SentencePooling.Mode, _ name: String, in graph: inout ONNXGraph)
        -> (each: String, divisor: String?)?
    {
        switch mode {
        case .highest: return nil
        case .mean: return (mask, count(mask, name, in: &graph))
        case .meanOverRoot:
            return (mask, graph.apply("Sqrt", [count(mask, name, in: &graph)], named: "\(name).root"))
        case .weightedMean:
            let positions = positions(name, in: &graph)
            return (positions, count(positions, name, in: &graph))
        case .firstToken: return (isAt("one", name, in: &graph), nil)
        case .lastToken: return (isAt(count(mask, name, in: &graph), name, in: &graph), nil)
        }
    }

    /// Positions from 1, and 0 after the end.
    private func positions(_ name: String, in graph: inout ONNXGraph) -> String {
        let axis = graph.constant("\(name).along", integer: 1)
        let running = graph.apply("CumSum", [mask, axis], named: "\(name).running")
        return graph.apply("Mul", [running, mask], named: "\(name).positions")
    }

    /// 1 for the token at a position, else 0.
    private func isAt(_ position: String, _ name: String, in graph: inout ONNXGraph) -> String {
        let equal = graph.apply(
            "Equal", [positions(name, in: &graph), position], named: "\(name).equal")
        return graph.apply("Cast", [equal], named: "\(name).chosen", ["to": .type(.float)])
    }

    /// The sum over a sequence [batch × 1].
    private func count(_ values: String, _ name: String, in graph: inout ONNXGraph) -> String {
        let axis = graph.constant("\(name).count.axis", [1])
        return graph.apply("ReduceSum", [values, axis], named: "\(name).count", ["keepdims": .integer(1)])
    }

    private func normalize(_ value: String, _ name: String, in graph: inout ONNXGraph) -> String {
        let length = graph.apply(
            "ReduceL2", [value], named: "\(name).length", ["axes": .integers([-1]), "keepdims": .integer(1)])
        let least = graph.constant("\(name).least", 1e-12)
        let divisor = graph.apply("Max", [length, least], named: "\(name).divisor")
        return graph.apply("Div", [value, divisor], named: "\(name).normalized")
    }

    private func apply(_ dense: SentenceDense, to value: String, _ name: String, in graph: inout ONNXGraph)
        -> String
    {
        let (rows, columns) = (dense.weight.rows, dense.weight.columns)
        let weight = graph.constant("\(name).weight", [columns, rows], dense.weight.transposed.elements)
        var result = graph.apply("MatMul", [value, weight], named: "\(name).product")
        if let bias = dense.bias {
            let shift = graph.constant("\(name).bias", [rows], bias)
            result = graph.apply("Add", [result, shift], named: "\(name).sum")
        }
        return dense.activation == .tanh ? graph.apply("Tanh", [result], named: "\(name).tanh") : result
    }
}
