import Environments
import Levels

extension LevelCosts {
    /// A policy repaired to a target: levels are exchanged where the least loss is paid for what is too much,
    /// until it fits, and what is left then is spent again, on wider groups first.
    ///
    /// - Parameter actions: a level index for every layer.
    /// - Returns: nil when no exchange gets there.
    public func repaired(_ actions: [Int], to target: Target) -> [Int]? {
        let allocation = AdditiveAllocation(costs: self, target: target)
        let loss = expectedLoss
        return allocation.repaired(actions, loss: loss).map {
            allocation.filledUp(allocation.widened($0, loss: loss), loss: loss)
        }
    }
}
