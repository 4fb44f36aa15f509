/// A value that an attribute holds: `String`, `Int`, `Double`, `[Int]` or `[Double]`.
public protocol HDF5AttributeValue {
    /// What is stored.
    var hdf5Attribute: HDF5Attribute { get }
    /// Takes a stored value, or returns `nil` if it is of another kind or size.
    init?(hdf5Attribute: HDF5Attribute)
}

/// What an attribute holds on disk. Numbers are always a list here; `isScalar` tells a single
/// value from a list of one.
public enum HDF5Attribute: Equatable, Sendable {
    /// One text, UTF-8.
    case text(String)
    /// Integers, stored with 64 bits.
    case integers([Int64], isScalar: Bool)
    /// Reals, stored with 64 bits.
    case reals([Double], isScalar: Bool)

    var summary: String {
        switch self {
        case .text: "text"
        case .integers(let values, _): "integers (\(values.count))"
        case .reals(let values, _): "reals (\(values.count))"
        }
    }
}

/// A number of which an attribute holds one or a list: `Int` or `Double`.
public protocol HDF5AttributeElement {
    /// What is stored for a list of these, or for a single one.
    static func hdf5Attribute(_ values: [Self], isScalar: Bool) -> HDF5Attribute
    /// The list that is stored, or `nil` if it is of another kind.
    static func values(of attribute: HDF5Attribute) -> [Self]?
}

extension String: HDF5AttributeValue {
    /// One text.
    public var hdf5Attribute: HDF5Attribute { .text(self) }

    /// Takes text only.
    public init?(hdf5Attribute: HDF5Attribute) {
        guard case .text(let text) = hdf5Attribute else { return nil }
        self = text
    }
}

extension Int: HDF5AttributeValue, HDF5AttributeElement {
    /// Integers.
    public static func hdf5Attribute(_ values: [Int], isScalar: Bool) -> HDF5Attribute {
        .integers(values.map { Int64($0) }, isScalar: isScalar)
    }

    /// Takes integers only.
    public static func values(of attribute: HDF5Attribute) -> [Int]? {
        guard case .integers(let values, _) = attribute else { return nil }
        return values.map { Int($0) }
    }
}

extension Double: HDF5AttributeValue, HDF5AttributeElement {
    /// Reals.
    public static func hdf5Attribute(_ values: [Double], isScalar: Bool) -> HDF5Attribute {
        .reals(values, isScalar: isScalar)
    }

    /// Takes reals, and integers too.
    public static func values(of attribute: HDF5Attribute) -> [Double]? {
        switch attribute {
        case .text: nil
        case .integers(let values, _): values.map { Double($0) }
        case .reals(let values, _): values
        }
    }
}

extension HDF5AttributeElement {
    /// One number.
    public var hdf5Attribute: HDF5Attribute { Self.hdf5Attribute([self], isScalar: true) }

    /// Takes one number, or a list of one.
    public init?(hdf5Attribute: HDF5Attribute) {
        guard let values = Self.values(of: hdf5Attribute), values.count == 1 else { return nil }
        self = values[0]
    }
}

extension Array: HDF5AttributeValue where Element: HDF5AttributeElement {
    /// A list of numbers.
    public var hdf5Attribute: HDF5Attribute { Element.hdf5Attribute(self, isScalar: false) }

    /// Takes a list of any length, or a single number.
    public init?(hdf5Attribute: HDF5Attribute) {
        guard let values = Element.values(of: hdf5Attribute) else { return nil }
        self = values
    }
}
