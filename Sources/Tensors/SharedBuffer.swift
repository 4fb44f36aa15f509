/// The address of memory that workers share, each writing to a part of its own.
///
/// For bodies of ``ThreadPool/run(_:)`` only: it must not outlive the scope that lent the memory.
struct SharedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // Unchecked: the splits of the callers are disjoint.
    let address: UnsafeMutablePointer<Element>
}
