/// The input of layers, rounded to what they compute from: once for all that take the same.
///
///     let inputs = RoundedInputs(features: 384, tokens: 128, workers: pool.threads)
///     pool.run { worker in
///         inputs.round(states, to: .bfloat16, worker: worker, pool: pool)
///         pool.barrier()
///     }
public final class RoundedInputs: Sendable {
    /// What activations are rounded to.
    public enum Form: CaseIterable, Sendable {
        /// 8 bits, with a scale for each token.
        case bytes
        /// The upper halves of floats.
        case bfloat16
    }

    /// The input in 8 bits.
    public let bytes: BytePanels
    /// The input in bfloat16.
    public let bfloat16: BFloat16Panels

    /// Allocates room for `features × tokens` numbers in every form; memory is taken up by those that are used.
    ///
    /// - Parameter workers: how many threads round together.
    public init(features: Int, tokens: Int, workers: Int, instructionSet: InstructionSet = .best) {
        bytes = BytePanels(
            features: features, tokens: tokens, workers: workers, instructionSet: instructionSet)
        bfloat16 = BFloat16Panels(features: features, tokens: tokens, instructionSet: instructionSet)
    }

    /// Gives the same memory other numbers of features and tokens, if it has the room; its content is then
    /// undefined.
    public func reshape(features: Int, tokens: Int) -> Bool {
        bytes.reshape(features: features, tokens: tokens)
            && bfloat16.reshape(features: features, tokens: tokens)
    }

    /// Rounds a worker's share of the features; all workers of the pool call it.
    ///
    /// - Parameter maximaAreKnown: whether all workers have noted the maxima of what they wrote of the input.
    public func round(
        _ states: PanelMatrix, to form: Form, worker: Int, pool: ThreadPool, maximaAreKnown: Bool = false
    ) {
        switch form {
        case .bytes:
            if !maximaAreKnown {
                bytes.findMaxima(of: states, worker: worker, pool: pool)
                pool.barrier()
            }
            bytes.round(states, worker: worker, pool: pool)
        case .bfloat16: bfloat16.round(states, worker: worker, pool: pool)
        }
    }

    /// Rounds all features on the calling thread.
    public func round(_ states: PanelMatrix, to form: Form) {
        round(states, to: form, worker: 0, pool: ThreadPool())
    }
}
