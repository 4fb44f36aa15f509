/// The element types of GGUF that are read here, by their numbers in files.
///
/// The quantized ones hold blocks of consecutive elements of a row
/// (https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h).
public enum GGUFElementType: UInt32, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q8_0 = 8
    case q4_K = 12
    case q6_K = 14
    case bf16 = 30

    /// Elements of a block.
    public var blockElements: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q8_0: 32
        case .q4_K, .q6_K: 256
        }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0: 18
        case .q4_1: 20
        case .q8_0: 34
        case .q4_K: 144
        case .q6_K: 210
        }
    }

    /// The name that GGUF tools print.
    public var name: String {
        "\(self)".uppercased()
    }

    /// The size in bytes of a tensor of this type, shape outermost first; nil when a row is no whole
    /// number of blocks or the size overflows.
    func byteCount(ofShape shape: [Int]) -> Int? {
        guard let row = shape.last, row % blockElements == 0 else { return nil }
        var total = blockBytes
        for dimension in shape.dropLast() + [row / blockElements] {
            let (product, overflow) = total.multipliedReportingOverflow(by: dimension)
            if dimension < 0 || overflow { return nil }
            total = product
        }
        return total
    }
}
