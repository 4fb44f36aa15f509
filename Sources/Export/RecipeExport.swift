import Foundation
import Levels
import ModelFiles
import Runs
import SparseKernels
import Yams

/// A recipe that llm-compressor, and SparseML before it, prunes by: a modifier for all layers of a level.
///
/// The modifier is that of the same solver. It prunes no blocks: of a level such as 4x1 the recipe keeps the
/// sparsity, and single weights fall.
enum RecipeExport: Exporter {
    static let output = OutputPath.Kind.file

    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.precision == .float32 && !level.isNarrow
            && (level.keepsAll || [.unstructured, .twoOfFour].contains(level.pattern))
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        try AtomicFile.write(Data(try yaml(run.policy).utf8), to: output)
    }

    static func yaml(_ policy: Policy) throws -> String {
        let groups = policy.layersByLevel.enumerated().map { number, group -> (Node, Node) in
            let (name, fields) = modifier(group.level, solver: policy.solver)
            let targets = group.layers.map { quoted(target($0)) }
            let arguments = fields + [(Node("targets"), Node.sequence(.init(targets)))]
            let modifiers = Node.mapping(.init([(Node(name), Node.mapping(.init(arguments)))]))
            return (Node("level_\(number)_modifiers"), modifiers)
        }
        return try serialize(
            node: .mapping(.init([(Node("secateur_stage"), .mapping(.init(groups)))])), width: -1)
    }

    private static func modifier(_ level: Level, solver: String?) -> (String, [(Node, Node)]) {
        let sparsity = Node("\(level.sparsity)")
        let isPairs = level.pattern == .twoOfFour
        if solver == "magnitude", !isPairs {
            let fields = [
                ("start", Node("0.0")), ("end", Node("1.0")), ("update", Node("1.0")),
                ("init_sparsity", sparsity), ("final_sparsity", sparsity),
                ("mask_structure", quoted("unstructured")),
            ]
            return ("MagnitudePruningModifier", fields.map { (Node($0), $1) })
        }
        let fields = [("sparsity", sparsity), ("mask_structure", quoted(isPairs ? "2:4" : "0:0"))]
        let name = solver == "wanda" ? "WandaPruningModifier" : "SparseGPTModifier"
        return (name, fields.map { (Node($0), $1) })
    }

    /// The module, in a model of any head.
    private static func target(_ layer: String) -> String {
        "re:(.*\\.)?\(layer.replacingOccurrences(of: ".", with: "\\."))$"
    }

    /// YAML 1.1 takes `2:4` for a number in base 60.
    private static func quoted(_ text: String) -> Node {
        .scalar(.init(text, Tag(.str), .singleQuoted))
    }
}

extension Policy {
    /// Pruned layers put together by their level, in the order in which levels first come.
    var layersByLevel: [(level: Level, layers: [String])] {
        var order: [Level] = []
        var groups: [Level: [String]] = [:]
        for choice in pruned {
            if groups[choice.level] == nil { order.append(choice.level) }
            groups[choice.level, default: []].append(choice.layer)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }
}
