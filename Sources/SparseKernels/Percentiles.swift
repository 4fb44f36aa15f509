/// Percentiles of measured values, at least one.
public struct Percentiles {
    private let sorted: [Double]

    /// Takes values in any order.
    public init(_ values: [Double]) {
        precondition(!values.isEmpty)
        sorted = values.sorted()
    }

    /// The value that `percent` in a hundred are below.
    public subscript(percent: Int) -> Double {
        sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }

    /// The value that half of them are below.
    public var median: Double { self[50] }

    /// Distance between the quartiles.
    public var spread: Double { self[75] - self[25] }
}
