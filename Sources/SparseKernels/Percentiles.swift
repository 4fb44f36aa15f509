/// Percentiles of measured values, at least one.
struct Percentiles {
    private let sorted: [Double]

    init(_ values: [Double]) {
        precondition(!values.isEmpty)
        sorted = values.sorted()
    }

    /// The value that `percent` in a hundred are below.
    subscript(percent: Int) -> Double {
        sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }

    var median: Double { self[50] }

    /// Distance between the quartiles.
    var spread: Double { self[75] - self[25] }
}
