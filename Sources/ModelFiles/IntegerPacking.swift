import Levels

/// How a weight [rows × columns] in whole numbers stands in a safetensors file under its name.
///
/// The scales that its rows are multiplied with are floats `NAME_scale`, [rows] or [rows × 1]. What is packed has its
/// shape and the version of this layout in `NAME_shape`, an I64 tensor.
public enum IntegerPacking: Sendable, Equatable {
    /// All numbers: I8 [rows × columns], as compressed-tensors has them.
    case rows
    /// Kept numbers alone: I8 [count], in the order of units of so many rows, then of columns, then of rows.
    /// `NAME_kept`, U8 [units × (columns + 7)/8], has a bit for each unit and column, the least significant first.
    /// `NAME_shape` is version, rows, columns, rows of a unit.
    case kept(unitRows: Int)
    /// 4 bits: U8 [rows × (columns + 1)/2], each half 8 more than its number, the even column in the lower one. All
    /// 32 columns of a row are multiplied with one of `NAME_multiplier`, U8 [rows × (columns + 31)/32].
    /// `NAME_shape` is version, rows, columns.
    case nibbles

    /// What is put after the name of a weight for the scales of its rows.
    public static let scaleSuffix = "_scale"
    static let keptSuffix = "_kept"
    static let multiplierSuffix = "_multiplier"
    static let shapeSuffix = "_shape"
    static let zeroPointSuffix = "_zero_point"
    static let version = 1
    static let multiplierColumns = 32

    /// What the names of the tensors that belong to a weight end in, after its own.
    var suffixes: [String] {
        switch self {
        case .rows: [Self.scaleSuffix]
        case .kept: [Self.scaleSuffix, Self.keptSuffix, Self.shapeSuffix]
        case .nibbles: [Self.scaleSuffix, Self.multiplierSuffix, Self.shapeSuffix]
        }
    }
}

/// Finds the weights of a file that are packed.
struct PackedTensors {
    let path: String
    /// As the header has them.
    let stored: [String: TensorInfo]
    let read: (TensorInfo) -> [UInt8]

    /// The tensors by name, packed weights with their own shapes.
    /// - Throws: `Issue` for a packed weight whose parts do not belong together.
    func unpacked() throws -> [String: TensorInfo] {
        try stored.mapValues { info in
            switch (info.elementType, info.shape.count) {
            case (.i8, 2): info.with(.rows, shape: info.shape)
            case (.i8, 1) where stored[info.name + IntegerPacking.keptSuffix] != nil: try kept(info)
            case (.u8, 2) where stored[info.name + IntegerPacking.multiplierSuffix] != nil: try nibbles(info)
            default: info
            }
        }
    }

    private func kept(_ info: TensorInfo) throws -> TensorInfo {
        let sizes = try sizes(info, count: 4)
        let (rows, columns, unitRows) = (sizes[1], sizes[2], sizes[3])
        let packing = IntegerPacking.kept(unitRows: unitRows)
        let units = (rows + unitRows - 1) / unitRows
        try require(
            info.name + IntegerPacking.keptSuffix, .u8, [units, (columns + 7) / 8])
        return info.with(packing, shape: [rows, columns])
    }

    private func nibbles(_ info: TensorInfo) throws -> TensorInfo {
        let sizes = try sizes(info, count: 3)
        let (rows, columns) = (sizes[1], sizes[2])
        let groups = (columns + IntegerPacking.multiplierColumns - 1) / IntegerPacking.multiplierColumns
        try require(info.name, .u8, [rows, (columns + 1) / 2])
        try require(info.name + IntegerPacking.multiplierSuffix, .u8, [rows, groups])
        return info.with(.nibbles, shape: [rows, columns])
    }

    /// The numbers of `NAME_shape`: the version, and others from 1 on.
    private func sizes(_ info: TensorInfo, count: Int) throws -> [Int] {
        let name = info.name + IntegerPacking.shapeSuffix
        let shape = try require(name, .i64, [count])
        let sizes = read(shape).withUnsafeBytes { bytes in
            (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
        }
        guard sizes[0] == IntegerPacking.version else {
            throw Issue(
                .unsupported, .path(path), field: .tensor(name), found: "version \(sizes[0])",
                allowed: "\(IntegerPacking.version)")
        }
        guard sizes.allSatisfy((1...1 << 24).contains) else {
            throw Issue(
                .outOfRange, .path(path), field: .tensor(name), found: "\(sizes.dropFirst())",
                allowed: "numbers from 1 to \(1 << 24)")
        }
        return sizes
    }

    @discardableResult private func require(_ name: String, _ type: ElementType, _ shape: [Int]) throws
        -> TensorInfo
    {
        guard let info = stored[name] else { throw Issue.noTensor(name, in: path, of: stored.count) }
        guard info.elementType == type, info.shape == shape else {
            throw Issue(
                .mismatch, .path(path), field: .tensor(name),
                found: "dtype \(info.elementType.rawValue), shape \(info.shape)",
                allowed: "dtype \(type.rawValue), shape \(shape)")
        }
        return info
    }
}

extension SafetensorsFile {
    /// Whether a tensor belongs to a weight in whole numbers.
    public func isPart(_ name: String) -> Bool { whole(of: name) != nil }

    /// The weight in whole numbers that a tensor belongs to, by name; nil where it stands for itself.
    public func whole(of name: String) -> String? {
        guard let underscore = name.lastIndex(of: "_") else { return nil }
        let weight = String(name[..<underscore])
        let suffixes = tensors[weight]?.packing?.suffixes ?? []
        return suffixes.contains(String(name[underscore...])) ? weight : nil
    }

    /// The tensors that are parameters of a model, in the order of the file: of numbers that are part of no other.
    public var parameters: [TensorInfo] {
        names.compactMap { tensors[$0] }.filter { info in
            info.packing != nil
                || !isPart(info.name) && [.f32, .f16, .bf16, .f64].contains(info.elementType)
        }
    }

    /// The whole numbers of a weight, row-major, and the scales of its rows; nil for a tensor of another type.
    ///
    /// - Throws: `Issue` for a tensor of another shape, for scales that are missing, of another shape or not
    ///   finite, and for numbers that are not as the layout has them.
    public func integers(_ name: String, shape: [Int]) throws -> (values: [Int8], scales: [Float])? {
        let info = try info(name)
        guard info.elementType == .i8 || info.packing != nil else { return nil }
        guard info.shape == shape else {
            throw Issue(
                .mismatch, .path(path), field: .tensor(name), found: "shape \(info.shape)",
                allowed: "\(shape)")
        }
        let scales = try scales(of: info)
        switch info.packing {
        case .kept(let unitRows): return (try keptNumbers(info, unitRows), scales)
        case .nibbles: return (try products(info), scales)
        case .rows, nil: return (try withUnsafeBytes(of: name) { $0.map { Int8(bitPattern: $0) } }, scales)
        }
    }

    private func keptNumbers(_ info: TensorInfo, _ unitRows: Int) throws -> [Int8] {
        let (rows, columns) = (info.shape[0], info.shape[1])
        let width = (columns + 7) / 8
        let values = try withUnsafeBytes(of: info.name) { Array($0) }
        let kept = try withUnsafeBytes(of: info.name + IntegerPacking.keptSuffix) { Array($0) }
        var numbers = [Int8](repeating: 0, count: rows * columns)
        var next = 0
        for first in stride(from: 0, to: rows, by: unitRows) {
            let unit = first..<min(first + unitRows, rows)
            let bits = first / unitRows * width
            for column in 0..<columns where kept[bits + column / 8] >> UInt8(column % 8) & 1 != 0 {
                guard next + unit.count <= values.count else { throw wrongCount(info, values.count) }
                for row in unit {
                    numbers[row * columns + column] = Int8(bitPattern: values[next])
                    next += 1
                }
            }
        }
        guard next == values.count else { throw wrongCount(info, values.count) }
        return numbers
    }

    private func wrongCount(_ info: TensorInfo, _ count: Int) -> Issue {
        Issue(
            .mismatch, .path(path), field: .tensor(info.name), found: "\(count) numbers",
            allowed: "as many as '\(info.name)\(IntegerPacking.keptSuffix)' says")
    }

    private func products(_ info: TensorInfo) throws -> [Int8] {
        let (rows, columns) = (info.shape[0], info.shape[1])
        let (width, group) = ((columns + 1) / 2, IntegerPacking.multiplierColumns)
        let groups = (columns + group - 1) / group
        let multiplierName = info.name + IntegerPacking.multiplierSuffix
        let multipliers = try withUnsafeBytes(of: multiplierName) { Array($0) }
        if let wrong = multipliers.first(where: { !(1...18).contains($0) }) {
            throw Issue(
                .outOfRange, .path(path), field: .tensor(multiplierName), found: "\(wrong)",
                allowed: "1 to 18")
        }
        return try withUnsafeBytes(of: info.name) { packed in
            if let wrong = packed.first(where: { $0 & 15 == 0 || $0 >> 4 == 0 }) {
                throw Issue(
                    .outOfRange, .path(path), field: .tensor(info.name), found: "the byte \(wrong)",
                    allowed: "halves from 1 to 15")
            }
            return (0..<rows).flatMap { row in
                (0..<columns).map { column in
                    let both = packed[row * width + column / 2]
                    let number = Int8(column % 2 == 0 ? both & 15 : both >> 4) - 8
                    return number * Int8(multipliers[row * groups + column / group])
                }
            }
        }
    }

    /// The scales of the rows of a weight in whole numbers.
    func scales(of info: TensorInfo) throws -> [Float] {
        func issue(_ code: Issue.Code, _ found: String, _ allowed: String) -> Issue {
            Issue(code, .path(path), field: .tensor(info.name), found: found, allowed: allowed)
        }
        let name = info.name + IntegerPacking.scaleSuffix
        let type = info.elementType.rawValue
        guard info.shape.count == 2 else {
            throw issue(.unsupported, "dtype \(type)", "F32, F16, BF16, F64, or I8 for a matrix")
        }
        guard let scale = tensors[name] else {
            throw issue(.missing, "dtype \(type) and no tensor '\(name)'", "both, or F32, F16, BF16, F64")
        }
        let zeroPoint = info.name + IntegerPacking.zeroPointSuffix
        guard tensors[zeroPoint] == nil else {
            throw issue(.unsupported, "'\(zeroPoint)'", "whole numbers that are symmetric about zero")
        }
        let rows = info.shape[0]
        guard [[rows], [rows, 1]].contains(scale.shape) else {
            throw Issue(
                .mismatch, .path(path), field: .tensor(name), found: "shape \(scale.shape)",
                allowed: "[\(rows)] or [\(rows), 1]")
        }
        return try weights(name)
    }
}
