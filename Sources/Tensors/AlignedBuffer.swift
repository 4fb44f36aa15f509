/// Memory of trivial elements that starts at a cache line, filled once and read by many threads.
///
/// It is the one place, with ``PanelMatrix``, where weights live as raw memory; formats built on it
/// check shapes before they hand its address to a kernel.
public final class AlignedBuffer<Element: BitwiseCopyable>: Sendable {
    // Written only inside `init`, by its caller's closure; constant after that.
    private nonisolated(unsafe) let memory: UnsafeMutableRawPointer
    /// Number of elements.
    public let count: Int

    /// Allocates `count` zeroed elements and lets `fill` write them.
    public init(count: Int, fill: (UnsafeMutableBufferPointer<Element>) -> Void) {
        let byteCount = max(count * MemoryLayout<Element>.stride, 1)
        memory = .allocate(byteCount: byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        self.count = count
        fill(.init(start: memory.bindMemory(to: Element.self, capacity: count), count: count))
    }

    /// Copies the elements of an array.
    public convenience init(_ elements: [Element]) {
        self.init(count: elements.count) { buffer in
            _ = buffer.initialize(from: elements)
        }
    }

    deinit {
        memory.deallocate()
    }

    /// The first element's address, valid while the buffer lives.
    public var address: UnsafePointer<Element> {
        UnsafePointer(memory.assumingMemoryBound(to: Element.self))
    }

    /// Size in memory, in bytes.
    public var sizeBytes: Int {
        count * MemoryLayout<Element>.stride
    }
}
