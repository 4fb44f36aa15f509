import Levels

/// A weight in 8 bits is an I8 tensor [rows × columns], and the scales that its rows are multiplied with: floats
/// [rows] or [rows × 1] under its name with `_scale` after it, as compressed-tensors has them.
extension SafetensorsFile {
    /// What the name of a weight in 8 bits and that of the scales of its rows differ by.
    public static let scaleSuffix = "_scale"
    private static let zeroPointSuffix = "_zero_point"

    /// Whether a tensor holds the scales of a weight in 8 bits.
    public func isScale(_ name: String) -> Bool {
        name.hasSuffix(Self.scaleSuffix)
            && tensors[String(name.dropLast(Self.scaleSuffix.count))]?.elementType == .i8
    }

    /// The tensors that are parameters of a model, in the order of the file: of numbers that are no scales.
    public var parameters: [TensorInfo] {
        names.compactMap { tensors[$0] }.filter { info in
            info.elementType == .i8
                ? info.shape.count == 2
                : !isScale(info.name) && [.f32, .f16, .bf16, .f64].contains(info.elementType)
        }
    }

    /// The whole numbers of a weight in 8 bits, row-major, and the scales of its rows; nil for a tensor of another
    /// type.
    ///
    /// - Throws: `Issue` for a tensor of another shape, and for scales that are missing, of another shape or not
    ///   finite.
    public func integers(_ name: String, shape: [Int]) throws -> (values: [Int8], scales: [Float])? {
        let info = try info(name)
        guard info.elementType == .i8 else { return nil }
        guard info.shape == shape else {
            throw Issue(
                .mismatch, .path(path), field: .tensor(name), found: "shape \(info.shape)",
                allowed: "\(shape)")
        }
        let scales = try scales(of: info)
        return (try withUnsafeBytes(of: name) { $0.map { Int8(bitPattern: $0) } }, scales)
    }

    /// The scales of the rows of a weight in 8 bits.
    func scales(of info: TensorInfo) throws -> [Float] {
        func issue(_ code: Issue.Code, _ found: String, _ allowed: String) -> Issue {
            Issue(code, .path(path), field: .tensor(info.name), found: found, allowed: allowed)
        }
        let name = info.name + Self.scaleSuffix
        guard info.shape.count == 2 else {
            throw issue(.unsupported, "dtype I8", "F32, F16, BF16, F64, or I8 for a matrix")
        }
        guard let scale = tensors[name] else {
            throw issue(.missing, "dtype I8 and no tensor '\(name)'", "both, or F32, F16, BF16, F64")
        }
        let zeroPoint = info.name + Self.zeroPointSuffix
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
