import CHDF5

/// What the elements of a dataset or an attribute are, as far as this target tells them apart.
enum ValueClass: Equatable {
    case integer
    case real
    case variableLengthString
    case fixedLengthString(bytes: Int)
    case other(String)

    init(of type: borrowing Identifier, for operation: Operation) throws {
        let typeClass = H5Tget_class(type.raw)
        switch typeClass {
        case H5T_NO_CLASS: throw operation.failure()
        case H5T_INTEGER: self = .integer
        case H5T_FLOAT: self = .real
        case H5T_STRING:
            if try operation.check(H5Tis_variable_str(type.raw)) > 0 {
                self = .variableLengthString
            } else {
                self = .fixedLengthString(bytes: H5Tget_size(type.raw))
            }
        case H5T_COMPOUND: self = .other("compounds")
        case H5T_ENUM: self = .other("enumerations")
        default: self = .other("elements of class \(typeClass.rawValue)")
        }
    }

    var isNumeric: Bool { self == .integer || self == .real }

    /// For error messages: "it holds ...".
    var summary: String {
        switch self {
        case .integer: "integers"
        case .real: "reals"
        case .variableLengthString, .fixedLengthString: "strings"
        case .other(let name): name
        }
    }
}
