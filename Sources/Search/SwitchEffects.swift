import Environments

/// Tells what a switch of each level would do at a policy, by the gradients of a model.
public protocol SwitchEffects {
    /// How much quality each layer loses when it alone is switched from dense, by the curvature of the loss.
    func sensitivities() throws -> Sensitivities.Estimate
    /// Token-passes that ``effects(of:number:)`` takes.
    func tokenPasses(number: Int) -> Int
    /// The effects at a policy.
    ///
    /// - Parameter number: fixes which part of the data they are computed on.
    func effects(of actions: [Int], number: Int) throws -> LevelEffects
}
