import CKernels

/// Element-wise functions on row-major matrices, by the kernels of the best instruction set.
public enum Elementwise {
    /// Y = X ∘ Φ(X).
    public static func gelu(
        _ x: Matrix, into y: inout Matrix, pool: ThreadPool, instructionSet: InstructionSet = .best
    ) {
        precondition(x.rows == y.rows && x.columns == y.columns)
        let elements = x.elements
        pool.forEachPart(of: &y.elements) { first, part in
            elements.withUnsafeBufferPointer { x in
                guard let x = x.baseAddress, let y = part.baseAddress else { return }
                instructionSet.kernels.pointee.geluForward(x + first, y, part.count)
            }
        }
    }

    /// dY ← dY ∘ (Φ(X) + X ∘ φ(X)).
    public static func multiplyByGELUSlope(
        _ dy: inout Matrix, _ x: Matrix, pool: ThreadPool, instructionSet: InstructionSet = .best
    ) {
        precondition(x.rows == dy.rows && x.columns == dy.columns)
        let elements = x.elements
        pool.forEachPart(of: &dy.elements) { first, part in
            elements.withUnsafeBufferPointer { x in
                guard let x = x.baseAddress, let dy = part.baseAddress else { return }
                instructionSet.kernels.pointee.geluBackward(x + first, dy, part.count)
            }
        }
    }
}
