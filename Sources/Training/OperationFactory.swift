import Levels
import ModelFiles
import Transformers

/// Makes operations of a checkpoint's parameters.
struct OperationFactory {
    let parameters: ParameterSet
    let modules: ModuleTree
    let epsilon: Float
    let activation: EncoderActivation

    /// The rows of a layer's weight.
    func rows(_ role: LayerRole, ofBlock block: Int, multipleOf size: Int) throws -> Int {
        let name = "\(modules.layer(role, ofBlock: block)).weight"
        let shape = try parameters.parameter(name).shape
        guard shape.count == 2, shape[0] > 0, shape[0] % size == 0 else {
            throw Issue(
                .mismatch, .path(parameters.file), field: .tensor(name), found: "shape \(shape)",
                allowed: "a multiple of \(size) rows")
        }
        return shape[0]
    }

    /// A layer of a block; its bias stays zero where it has none.
    func linear(_ role: LayerRole, ofBlock block: Int, _ rows: Int, _ columns: Int) throws -> LinearOperation
    {
        let name = modules.layer(role, ofBlock: block)
        guard modules[role].hasBias else {
            return LinearOperation(
                weight: try parameters.parameter("\(name).weight", shape: [rows, columns]),
                bias: .zeros("\(name).bias", shape: [rows]))
        }
        return try Self.linear(parameters, name, rows, columns)
    }

    /// A layer of any name, with a bias.
    static func linear(_ parameters: ParameterSet, _ name: String, _ rows: Int, _ columns: Int) throws
        -> LinearOperation
    {
        LinearOperation(
            weight: try parameters.parameter("\(name).weight", shape: [rows, columns]),
            bias: try parameters.parameter("\(name).bias", shape: [rows]))
    }

    func norm(_ name: String, _ features: Int) throws -> LayerNormOperation {
        LayerNormOperation(
            gamma: try parameters.parameter("\(name).weight", shape: [features]),
            beta: try parameters.parameter("\(name).bias", shape: [features]), epsilon: epsilon)
    }
}
