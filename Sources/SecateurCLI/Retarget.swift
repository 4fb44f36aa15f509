import ArgumentParser
import Runs

/// `secateur retarget`
struct Retarget: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search again for another target, or on this machine, with what a run has found out.",
        discussion: """
            What a layer loses at a level is a property of the model and the data, not of the machine: it is taken \
            over from the run, and only latency is measured again. Model, task, data, levels, solver, seed and what \
            latency is of are the run's; target, agent, budget and the like are given here, or at their defaults.

              secateur retarget checkpoints/minilm-half --target-latency 0.35 \\
                  --output checkpoints/minilm-third

            Where a run was carried to another machine, name its model and text again if they are elsewhere; \
            their content must be the same:

              secateur retarget carried/minilm-half --model models/minilm \\
                  --train text.txt --target-latency 0.5 --output checkpoints/here
            """)

    @Argument(help: ArgumentHelp("The folder of the earlier run.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Option(help: "Where the run's dense model is now.", completion: .file())
    var model: String?

    @Option(help: "Where the run's file for calibration and reward is now.", completion: .file())
    var train: String?

    @OptionGroup var aim: AimOptions

    @OptionGroup var newRun: NewRunOptions

    func run() throws {
        if try aim.showsAgentHelp() { return }
        try newRun.check()
        var options = try RunFiles(folder: runFolder).options()
        options.model = model ?? options.model
        options.train = train ?? options.train
        try aim.set(&options, ofRun: true)
        try newRun.search(
            options, aim, cache: aim.cacheOptions.folder(ofRun: runFolder), from: runFolder)
    }
}
