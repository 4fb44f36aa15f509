import CKernels

/// Rounding to bfloat16, the upper half of a float: 8 bits of precision, and the range of floats.
///
/// To the nearest, the even one of two; what is infinite or no number stays so, and magnitudes below 2^−56 become
/// zero, as `CBFloat16Kernels.h` explains.
public enum BFloat16 {
    /// The bits of numbers, rounded.
    public static func bits(of numbers: [Float]) -> [UInt16] {
        [UInt16](unsafeUninitializedCapacity: numbers.count) { rounded, count in
            secateur_bf16_round(numbers, rounded.baseAddress, numbers.count)
            count = numbers.count
        }
    }

    /// A weight [rows × columns] with every number rounded.
    public static func nearest(to weight: Matrix) -> Matrix {
        Matrix(
            rows: weight.rows, columns: weight.columns,
            elements: bits(of: weight.elements).map { Float(bitPattern: UInt32($0) << 16) })
    }
}
