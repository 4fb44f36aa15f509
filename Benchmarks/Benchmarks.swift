import ArgumentParser
import Launch

/// Regenerates the numbers that the documentation quotes.
@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secateur-benchmarks",
        abstract: "Regenerate the numbers that the documentation quotes.",
        subcommands: [
            PruningQuality.self, LatencyPrediction.self, EvaluationTime.self, SearcherStudy.self,
            RangeStudy.self, RewardStudy.self, UniformModel.self, Roofline.self, LearningPicture.self,
            HardwareStudy.self, GLUE.self, PruningMethods.self, Fuzz.self, Kills.self, ActivationScales.self,
            Serving.self,
        ])

    static func main() {
        Launch.prepare()
        main(nil)
    }
}
