/// Aligned floats that change: a worker's scratch, or a cache that each worker writes its own part of.
public final class AlignedScratch: @unchecked Sendable {
    // Unchecked: whoever shares one gives each worker a part of its own, and reads when all are done.

    /// The first float.
    public let address: UnsafeMutablePointer<Float>
    /// Number of floats.
    public let count: Int

    /// Allocates zeroed floats.
    public init(count: Int) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
        address = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        address.initialize(repeating: 0, count: max(count, 1))
    }

    deinit {
        UnsafeMutableRawPointer(address).deallocate()
    }
}
