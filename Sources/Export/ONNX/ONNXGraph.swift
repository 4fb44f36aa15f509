import Foundation

/// A computation as ONNX describes it, put together operation by operation.
///
///     var graph = ONNXGraph(name: "sum")
///     graph.declareInput("x", .float, ["batch"])
///     let two = graph.constant("two", [2])
///     graph.declareOutput(graph.apply("Add", ["x", two], named: "y"), ["batch"])
///
/// Values go by name; each operation's own output is named after it.
struct ONNXGraph {
    /// The version of the operators that are used: the first with `LayerNormalization`.
    static let operatorVersion: Int64 = 17
    /// The version of the file format that belongs to it.
    private static let formatVersion: Int64 = 8

    private var graph = Onnx_GraphProto()

    init(name: String) {
        graph.name = name
    }

    /// The file's content.
    /// - Throws: what serialising throws: a model beyond 2 GB.
    func serialized() throws -> Data {
        var model = Onnx_ModelProto()
        model.irVersion = Self.formatVersion
        model.producerName = "secateur"
        model.graph = graph
        var operators = Onnx_OperatorSetIdProto()
        operators.version = Self.operatorVersion
        model.opsetImport = [operators]
        return try model.serializedData()
    }

    // MARK: Values

    /// Adds a tensor of numbers, row-major.
    @discardableResult
    mutating func constant(_ name: String, _ shape: [Int], _ floats: [Float]) -> String {
        precondition(shape.reduce(1, *) == floats.count)
        return store(name, shape, .float, floats.withUnsafeBytes { Data($0) })
    }

    /// Adds a number.
    mutating func constant(_ name: String, _ value: Float) -> String {
        constant(name, [], [value])
    }

    /// Adds a list of whole numbers.
    mutating func constant(_ name: String, _ integers: [Int64]) -> String {
        store(name, [integers.count], .int64, integers.withUnsafeBytes { Data($0) })
    }

    /// Adds a whole number.
    mutating func constant(_ name: String, integer: Int64) -> String {
        store(name, [], .int64, withUnsafeBytes(of: integer) { Data($0) })
    }

    /// Adds a tensor of whole numbers of 8 bits, row-major.
    mutating func constant(_ name: String, _ shape: [Int], _ bytes: [Int8]) -> String {
        precondition(shape.reduce(1, *) == bytes.count)
        return store(name, shape, .int8, bytes.withUnsafeBytes { Data($0) })
    }

    /// Adds an unsigned number of 8 bits.
    mutating func constant(_ name: String, byte: UInt8) -> String {
        store(name, [], .uint8, Data([byte]))
    }

    private mutating func store(
        _ name: String, _ shape: [Int], _ type: Onnx_TensorProto.DataType, _ bytes: Data
    ) -> String {
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dims = shape.map(Int64.init)
        tensor.dataType = Int32(type.rawValue)
        tensor.rawData = bytes
        graph.initializer.append(tensor)
        return name
    }

    // MARK: What goes in and out

    /// A dimension of an input or an output: a number, or a name where it varies.
    enum Dimension: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
        case fixed(Int)
        case named(String)

        init(integerLiteral value: Int) { self = .fixed(value) }
        init(stringLiteral value: String) { self = .named(value) }
    }

    /// Names an input.
    mutating func declareInput(_ name: String, _ type: Onnx_TensorProto.DataType, _ shape: [Dimension]) {
        graph.input.append(Self.info(name, type, shape))
    }

    /// Says which values, of floats, are outputs.
    mutating func declareOutput(_ name: String, _ shape: [Dimension]) {
        graph.output.append(Self.info(name, .float, shape))
    }

    private static func info(_ name: String, _ type: Onnx_TensorProto.DataType, _ shape: [Dimension])
        -> Onnx_ValueInfoProto
    {
        var info = Onnx_ValueInfoProto()
        info.name = name
        info.type.tensorType.elemType = Int32(type.rawValue)
        info.type.tensorType.shape.dim = shape.map { dimension in
            var result = Onnx_TensorShapeProto.Dimension()
            switch dimension {
            case .fixed(let value): result.dimValue = Int64(value)
            case .named(let name): result.dimParam = name
            }
            return result
        }
        return info
    }

    // MARK: Operations

    /// An argument of an operation that is fixed.
    enum Attribute {
        case float(Float)
        case integer(Int)
        case integers([Int])
        /// Of elements.
        case type(Onnx_TensorProto.DataType)
    }

    /// Adds an operation of one output.
    ///
    /// - Parameter name: of the operation and of its output.
    /// - Returns: the name.
    @discardableResult
    mutating func apply(
        _ operation: String, _ inputs: [String], named name: String,
        _ attributes: KeyValuePairs<String, Attribute> = [:]
    ) -> String {
        var node = Onnx_NodeProto()
        node.opType = operation
        node.input = inputs
        node.output = [name]
        node.name = name
        node.attribute = attributes.map { name, value in
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            switch value {
            case .float(let float):
                attribute.type = .float
                attribute.f = float
            case .integer(let integer):
                attribute.type = .int
                attribute.i = Int64(integer)
            case .integers(let integers):
                attribute.type = .ints
                attribute.ints = integers.map(Int64.init)
            case .type(let type):
                attribute.type = .int
                attribute.i = Int64(type.rawValue)
            }
            return attribute
        }
        graph.node.append(node)
        return name
    }
}
