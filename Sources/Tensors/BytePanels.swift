import CKernels

/// Activations [features × tokens] in 8 bits: a whole number from −127 to 127 times the scale of its token.
///
/// Each activation is off by half a step at most, 1/254 of the largest of its token. A token that holds an
/// infinite activation, or one that is no number, has the scale NaN.
///
///     let bytes = BytePanels(features: 384, tokens: 128, workers: pool.threads)
///     pool.run { worker in
///         bytes.findMaxima(of: states, worker: worker, pool: pool)
///         pool.barrier()
///         bytes.round(states, worker: worker, pool: pool)
///     }
public final class BytePanels: @unchecked Sendable {
    // Unchecked: workers write to disjoint features, and to maxima of their own.

    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    private let tokenCapacity: Int
    private let workers: Int
    /// Number of features, the rows.
    public private(set) var features: Int
    /// Number of tokens, the columns.
    public private(set) var tokens: Int
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_int8_kernels>

    /// Allocates room for `features × tokens` numbers.
    ///
    /// - Parameter workers: how many threads make them together.
    public init(features: Int, tokens: Int, workers: Int, instructionSet: InstructionSet = .best) {
        tokenCapacity = Self.padded(tokens)
        // Rounded up to a cache line, for the floats that follow.
        capacity = (features * tokenCapacity + 63) / 64 * 64
        self.workers = workers
        memory = .allocate(byteCount: capacity + 4 * tokenCapacity * (1 + workers) + 64, alignment: 64)
        self.features = features
        self.tokens = tokens
        kernels = instructionSet.int8Kernels
    }

    deinit {
        memory.deallocate()
    }

    private static func padded(_ tokens: Int) -> Int {
        PanelMatrix.strips(of: tokens) * PanelMatrix.stripTokens
    }

    /// Gives the same memory other numbers of features and tokens, if it has the room; its content is then
    /// undefined.
    public func reshape(features: Int, tokens: Int) -> Bool {
        guard features * Self.padded(tokens) <= capacity, Self.padded(tokens) <= tokenCapacity else {
            return false
        }
        self.features = features
        self.tokens = tokens
        return true
    }

    private var scales: UnsafeMutablePointer<Float> {
        (memory + capacity).assumingMemoryBound(to: Float.self)
    }

    /// Where a worker notes the largest magnitude of each token that it has seen.
    public func maxima(of worker: Int) -> UnsafeMutablePointer<Float> {
        precondition(worker < workers)
        return scales + Self.padded(tokens) * (1 + worker)
    }

    /// What kernels take.
    public var kernelArgument: secateur_int8_panels {
        secateur_int8_panels(values: memory.assumingMemoryBound(to: UInt8.self), scales: scales)
    }

    /// Forgets what a worker has noted.
    public func clearMaxima(of worker: Int) {
        maxima(of: worker).update(repeating: 0, count: Self.padded(tokens))
    }

    /// Notes the largest magnitudes of a worker's share of the features.
    public func findMaxima(of states: PanelMatrix, worker: Int, pool: ThreadPool) {
        clearMaxima(of: worker)
        let range = pool.share(of: states.features, worker: worker)
        kernels.pointee.maxima(
            states.address, states.features, states.tokens, maxima(of: worker), range.lowerBound,
            range.upperBound)
    }

    /// Rounds a worker's share of the features, by the maxima that all workers have noted.
    public func round(_ states: PanelMatrix, worker: Int, pool: ThreadPool) {
        precondition(states.features == features && states.tokens == tokens && pool.threads <= workers)
        let range = pool.share(of: features, worker: worker)
        var panels = kernelArgument
        kernels.pointee.quantize(
            states.address, features, tokens, maxima(of: 0), pool.threads, &panels, range.lowerBound,
            range.upperBound)
    }

    /// Rounds all features on the calling thread.
    public func round(_ states: PanelMatrix) {
        let pool = ThreadPool()
        findMaxima(of: states, worker: 0, pool: pool)
        round(states, worker: 0, pool: pool)
    }
}
