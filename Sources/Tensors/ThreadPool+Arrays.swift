extension ThreadPool {
    /// Numbers that a worker takes at a time.
    private static let grain = 16_384

    /// Calls `body` for consecutive parts of an array, shared out among the threads; each call may write to
    /// its part.
    ///
    /// - Parameter body: is told where the part starts in the array.
    public func forEachPart(
        of array: inout [Float],
        _ body: @Sendable (_ first: Int, _ part: UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        array.withUnsafeMutableBufferPointer { array in
            guard let base = array.baseAddress else { return }
            let shared = SharedBuffer(address: base)
            forEachRange(of: array.count) { range in
                body(range.lowerBound, .init(start: shared.address + range.lowerBound, count: range.count))
            }
        }
    }

    /// The same for three arrays of one size, parts of which are changed together.
    public func forEachPart(
        of a: inout [Float], _ b: inout [Float], _ c: inout [Float],
        _ body:
            @Sendable (
                _ first: Int, _ a: UnsafeMutableBufferPointer<Float>, _ b: UnsafeMutableBufferPointer<Float>,
                _ c: UnsafeMutableBufferPointer<Float>
            ) -> Void
    ) {
        precondition(a.count == b.count && b.count == c.count)
        a.withUnsafeMutableBufferPointer { a in
            b.withUnsafeMutableBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    guard let baseA = a.baseAddress, let baseB = b.baseAddress, let baseC = c.baseAddress
                    else { return }
                    let shared = (
                        SharedBuffer(address: baseA), SharedBuffer(address: baseB),
                        SharedBuffer(address: baseC)
                    )
                    forEachRange(of: a.count) { range in
                        func part(_ buffer: SharedBuffer<Float>) -> UnsafeMutableBufferPointer<Float> {
                            .init(start: buffer.address + range.lowerBound, count: range.count)
                        }
                        body(range.lowerBound, part(shared.0), part(shared.1), part(shared.2))
                    }
                }
            }
        }
    }

    /// The sum of `body` over consecutive parts of an array; the same for any number of threads.
    public func sum(
        over array: [Float], _ body: @Sendable (_ part: UnsafeBufferPointer<Float>) -> Double
    ) -> Double {
        let parts = (array.count + Self.grain - 1) / Self.grain
        let sums = map(count: parts) { part in
            let range = part * Self.grain..<min((part + 1) * Self.grain, array.count)
            return array.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
        }
        return sums.reduce(0, +)
    }

    /// Σ aᵢ²; the same for any number of threads.
    public func sumOfSquares(_ array: [Float]) -> Double {
        sum(over: array) { Double(LaneSums.dot($0, $0)) }
    }

    private func forEachRange(of count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        guard count > Self.grain else { return body(0..<count) }
        run { worker in
            let range = share(of: count, worker: worker)
            if !range.isEmpty { body(range) }
        }
    }
}
