import CKernels

/// What becomes of memory that is freed.
public enum FreedMemory {
    private static let isKept: Void = secateur_keep_freed_memory()

    /// Keeps it in the process from now on, for who allocates the same matrices again and again: the system
    /// would clear each page again, which was a seventh of the time of a training step.
    public static func keep() { isKept }
}
