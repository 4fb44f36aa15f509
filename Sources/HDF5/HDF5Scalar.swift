import CHDF5

/// A number that datasets hold: `Float`, `Double`, `Int32`, `Int64`, `UInt8` or `UInt64`.
///
/// The library converts between all of them when the type in memory is not the one on disk;
/// what does not fit is clipped to the nearest value that does, and fractions are cut off.
public protocol HDF5Scalar: AdditiveArithmetic, BitwiseCopyable, Sendable {
    /// Which of the library's native types this is.
    static var hdf5Type: HDF5ScalarType { get }
}

/// The library's native numeric types that this project uses.
public enum HDF5ScalarType: Sendable {
    /// IEEE 754 binary32.
    case float
    /// IEEE 754 binary64.
    case double
    /// Signed, 32 bits.
    case int32
    /// Signed, 64 bits.
    case int64
    /// Unsigned, 8 bits.
    case uint8
    /// Unsigned, 64 bits.
    case uint64

    var identifier: hid_t {
        switch self {
        case .float: CHDF5_nativeFloat()
        case .double: CHDF5_nativeDouble()
        case .int32: CHDF5_nativeInt32()
        case .int64: CHDF5_nativeInt64()
        case .uint8: CHDF5_nativeUInt8()
        case .uint64: CHDF5_nativeUInt64()
        }
    }
}

extension Float: HDF5Scalar {
    /// `.float`.
    public static var hdf5Type: HDF5ScalarType { .float }
}

extension Double: HDF5Scalar {
    /// `.double`.
    public static var hdf5Type: HDF5ScalarType { .double }
}

extension Int32: HDF5Scalar {
    /// `.int32`.
    public static var hdf5Type: HDF5ScalarType { .int32 }
}

extension Int64: HDF5Scalar {
    /// `.int64`.
    public static var hdf5Type: HDF5ScalarType { .int64 }
}

extension UInt8: HDF5Scalar {
    /// `.uint8`.
    public static var hdf5Type: HDF5ScalarType { .uint8 }
}

extension UInt64: HDF5Scalar {
    /// `.uint64`.
    public static var hdf5Type: HDF5ScalarType { .uint64 }
}
