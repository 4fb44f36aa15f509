import Levels
import Tensors
import Transformers

/// An operator whose result other kernels compute to the same bits, so that a clock may choose among them.
public protocol ExchangeableOperator: LinearOperator {
    /// What could take its place in passes of a phase; nil where nothing could.
    func exchange(in phase: Workload.Phase) -> KernelExchange?
}

/// What could take an operator's place.
public struct KernelExchange {
    /// The weight that was packed [rows × columns].
    public let weight: Matrix
    /// What was kept or dropped together.
    public let unit: UnitShape
    /// The same layer, given its bias, on the other kernels, the dense one last.
    public let alternatives: (_ bias: [Float]) -> [any LinearOperator]

    /// Describes an exchange.
    public init(
        weight: Matrix, unit: UnitShape, alternatives: @escaping (_ bias: [Float]) -> [any LinearOperator]
    ) {
        self.weight = weight
        self.unit = unit
        self.alternatives = alternatives
    }
}
