/// The element types of GGUF that are read here, by their numbers in files.
///
/// The quantized ones hold blocks of consecutive elements of a row
/// (https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h).
public enum GGUFElementType: UInt32, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q2_K = 10
    case q3_K = 11
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case q8_K = 15
    case iq2_XXS = 16
    case iq2_XS = 17
    case iq3_XXS = 18
    case iq1_S = 19
    case iq4_NL = 20
    case iq3_S = 21
    case iq2_S = 22
    case iq4_XS = 23
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    case f64 = 28
    case iq1_M = 29
    case bf16 = 30
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39

    /// Elements of a block.
    public var blockElements: Int {
        switch self {
        case .f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_NL, .mxfp4: 32
        case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .q8_K, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS, .iq3_S, .iq1_S,
            .iq1_M, .iq4_XS, .tq1_0, .tq2_0:
            256
        }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
        switch self {
        case .i8: 1
        case .f16, .bf16, .i16: 2
        case .f32, .i32: 4
        case .f64, .i64: 8
        case .mxfp4: 17
        case .q4_0, .iq4_NL: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .iq1_S: 50
        case .tq1_0: 54
        case .iq1_M: 56
        case .iq2_XXS, .tq2_0: 66
        case .iq2_XS: 74
        case .iq2_S: 82
        case .q2_K: 84
        case .iq3_XXS: 98
        case .q3_K, .iq3_S: 110
        case .iq4_XS: 136
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        case .q8_K: 292
        }
    }

    /// The name that GGUF tools print.
    public var name: String {
        "\(self)".uppercased()
    }

    /// What a number in a file stands for, also where it is not read here.
    static func name(ofNumber number: UInt32) -> String {
        if let type = GGUFElementType(rawValue: number) { return type.name }
        let others: [UInt32: String] = [
            4: "Q4_2", 5: "Q4_3", 9: "Q8_1", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4",
            37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8", 40: "NVFP4",
        ]
        return others[number] ?? "\(number)"
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
