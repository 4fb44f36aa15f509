import CKernels

/// Activations [features × tokens] in bfloat16, features in pairs as `CBFloat16Kernels.h` has them.
public final class BFloat16Panels: @unchecked Sendable {
    // Unchecked: workers write to disjoint pairs of features.

    private let memory: UnsafeMutablePointer<UInt32>
    private let capacity: Int
    /// Number of features, the rows.
    public private(set) var features: Int
    /// Number of tokens, the columns.
    public private(set) var tokens: Int
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_bf16_kernels>

    /// Allocates room for `features × tokens` numbers.
    public init(features: Int, tokens: Int, instructionSet: InstructionSet = .best) {
        capacity = Self.words(features: features, tokens: tokens)
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(capacity, 1) * MemoryLayout<UInt32>.size, alignment: 64)
        memory = raw.bindMemory(to: UInt32.self, capacity: capacity)
        self.features = features
        self.tokens = tokens
        kernels = instructionSet.bfloat16Kernels
    }

    deinit {
        memory.deallocate()
    }

    private static func words(features: Int, tokens: Int) -> Int {
        (features + 1) / 2 * PanelMatrix.strips(of: tokens) * PanelMatrix.stripTokens
    }

    /// Gives the same memory other numbers of features and tokens, if it has the room; its content is then
    /// undefined.
    public func reshape(features: Int, tokens: Int) -> Bool {
        guard Self.words(features: features, tokens: tokens) <= capacity else { return false }
        self.features = features
        self.tokens = tokens
        return true
    }

    /// What kernels take.
    public var address: UnsafePointer<UInt32> { UnsafePointer(memory) }

    /// Rounds a worker's share of the features.
    public func round(_ states: PanelMatrix, worker: Int, pool: ThreadPool) {
        precondition(states.features == features && states.tokens == tokens)
        let pairs = pool.share(of: (features + 1) / 2, worker: worker)
        kernels.pointee.round(states.address, features, tokens, memory, pairs.lowerBound, pairs.upperBound)
    }

    /// Rounds all features on the calling thread.
    public func round(_ states: PanelMatrix) {
        round(states, worker: 0, pool: ThreadPool())
    }
}
