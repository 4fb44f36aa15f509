extension Array {
    /// Every n-th element and the last, so that no more than `limit` are left: a page of a very long search
    /// stays one that a browser can show.
    func thinned(to limit: Int = 2000) -> [Element] {
        guard count > limit, let last else { return self }
        let step = (count + limit - 2) / (limit - 1)
        return stride(from: 0, to: count - 1, by: step).map { self[$0] } + [last]
    }
}
