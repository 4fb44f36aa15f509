import Environments
import Levels
import Runs
import Search
import Synchronization

/// The environment of a run's search, for agents of other programs: the layers in order, a level for each, and at the end
/// what the policy came to.
///
///     let environment = try SearchEnvironment(run: "checkpoints/mine")
///     var state = try environment.reset()
///     while true {
///         switch try environment.step(state.mask.firstIndex(of: true) ?? 0) {
///         case .next(let next): state = next
///         case .terminated(let terms): return terms.reward
///         }
///     }
///
/// It reads the run and the level database that its search made, and changes neither. There is no budget: who compares
/// agents counts the episodes.
public final class SearchEnvironment: Sendable {
    /// Latencies, sizes and sensitivities.
    public let costs: LevelCosts
    /// The run's target.
    public let target: Target
    // Unsafe: whoever holds the lock is alone with it.
    private nonisolated(unsafe) let environment: PruningEnvironment
    private let lock = Mutex(())

    /// Episodes that no program gets to.
    private static let budget = 1 << 30

    /// Prepares the environment of a run whose search has begun to evaluate, or has ended.
    ///
    /// - Parameters:
    ///   - run: the run folder.
    ///   - cache: the folder of level databases. Default: `secateur` in the user's cache folder, or the run's own.
    ///   - components: what the run's search was made of.
    /// - Throws: `Issue` for no run, or one whose latencies are not measured yet; errors that name the file that is
    ///   missing or malformed.
    public init(run: String, cache: String? = nil, components: SearchComponents = .standard) throws {
        let files = RunFiles(folder: run)
        let options = try files.options()
        guard files.holdsCosts else {
            throw Issue(
                .missing, .path(run), found: "a run whose layers are not measured yet",
                allowed: "one that has evaluated a policy")
        }
        let folder = try cache ?? files.cache() ?? Search.standardCache
        let task = try components.tasks.task(named: options.task)
        let made = try Self.environment(task, files, folder, components)
        (costs, target) = (
            made.costs, made.costs.target(options.targetLatency, sizeFraction: options.targetSize)
        )
        environment = made
    }

    private static func environment<Task: SearchTask>(
        _ task: Task, _ files: RunFiles, _ cache: String, _ components: SearchComponents
    ) throws -> PruningEnvironment {
        let inputs = try SearchInputs(files.options(), task: task, components: components)
        let preparation = try SearchPreparation(inputs, cache: cache, files: files)
        return PruningEnvironment(
            costs: preparation.costs, weights: inputs.options.weights, budget: budget,
            evaluator: preparation.evaluator)
    }

    /// How many numbers describe a state.
    public var features: Int { Observation.featureCount(levels: costs.levels.count) }

    /// Starts an episode.
    ///
    /// - Parameter target: the latency to meet. Default: the run's.
    /// - Throws: `Issue` when no policy can meet it.
    public func reset(target: LatencyTarget? = nil) throws -> Observation {
        let target = target.map { costs.target($0) } ?? self.target
        return try lock.withLock { _ in try environment.reset(target: target) }
    }

    /// Decides the level of the present layer; after the last one, evaluates the policy.
    /// - Throws: `Issue` when the action is masked, or no episode runs.
    public func step(_ action: Int) throws -> StepResult {
        try lock.withLock { _ in try environment.step(action) }
    }
}
