extension Collection where Element == Double {
    /// The mean; NaN of none.
    var mean: Double { reduce(0, +) / Double(count) }
}
