extension Int {
    /// A number with its noun: `1.counted("thread")` is "1 thread", `2.counted("thread")` "2 threads".
    ///
    /// - Parameter plural: default: the noun with an s.
    public func counted(_ noun: String, plural: String? = nil) -> String {
        "\(self) \(self == 1 ? noun : plural ?? "\(noun)s")"
    }
}
