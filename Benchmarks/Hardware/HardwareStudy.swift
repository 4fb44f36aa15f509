import ArgumentParser
import Foundation
import Levels
import Report
import Tensors

/// Searches one model under several instruction sets, then runs each policy under every other one.
///
/// The instruction set is settled when a process starts, so each search and each measurement is a process of
/// the `secateur` command. What is finished is not repeated, what was begun continues.
struct HardwareStudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hardware",
        abstract: "Learn a policy for each instruction set, run each on every other, and draw them all.",
        discussion: """
            All searches choose among the same levels. A policy runs elsewhere as it was learned, and \
            repaired to the target there by the latency table that was measured there. Example:

              Benchmarks hardware --train stsb/train.tsv --data stsb/dev.tsv \\
                  --targets avx2=0.45,avx512=0.45,avx512vnni=0.25
            """)

    @Argument(help: "The dense model's folder.")
    var model = "models/minilm"

    @Option(
        parsing: .upToNextOption,
        help: "Instruction sets. Default: avx2, avx512, avx512vnni and amx, as far as this CPU has them.")
    var isas: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: """
            Latencies to reach, as fractions of the dense float32 model's on the same instruction set: one \
            for all such as 0.45, or for each. Of several, each makes a comparison of its own.
            """)
    var targets = ["avx2=0.45,avx512=0.45,avx512vnni=0.25,amx=0.2"].compactMap(HardwareTarget.init(argument:))

    @Option(help: "What to preserve: sts or fidelity.")
    var task = "sts"

    @Option(help: "The file for calibration and reward.")
    var train = "../shared/data/stsb/train.tsv"

    @Option(help: "The file that policies are compared on.")
    var data = "../shared/data/stsb/dev.tsv"

    @Option(help: "The levels to choose from. Default: some that pay on one instruction set or another.")
    var levels = Self.standardLevels

    @Option(help: "Evaluations of each search.")
    var budget = 300

    @Option(help: "Sentences that rewards are computed on. Default: as in a search.")
    var rewardSentences: Int?

    @Option(help: "Tokens of a sequence.")
    var tokens = 128

    @Option(help: "Fixes all random choices.")
    var seed: UInt64 = 1

    @Option(help: "The built secateur command. Default: that in this program's folder.")
    var secateur = SecateurProgram.neighbor

    @Option(help: "Folder for the runs and all that is measured.")
    var output = "checkpoints/hardware"

    @Option(help: "An SVG file to draw all policies into.")
    var chart: String?

    /// What is usual for each instruction set, but for some sparsities, and widths of which every set has levels.
    private static let standardLevels =
        (["dense", "int8"] + [0.5, 0.6, 0.7, 0.8].map { "unstructured@\($0)" }
        + [0.3, 0.5, 0.7, 0.8].map { "unstructured@\($0):int8" }
        + ["2x1", "4x1", "16x1"].flatMap { pattern in
            [0.3, 0.4, 0.5, 0.6, 0.7].map { "\(pattern)@\($0):int8" }
        }
        + LevelSet.standardWidths.flatMap { width in
            ["int8", "2x1@0.3:int8", "4x1@0.4:int8", "unstructured@0.5", "unstructured@0.5:int8"].map {
                "width@\(width)+\($0)"
            }
        } + ["removed"]).joined(separator: ",")

    private static let usual: [InstructionSet] = [.avx2, .avx512, .avx512vnni, .amx]

    func validate() throws {
        guard ["sts", "fidelity"].contains(task) else {
            throw ValidationError("--task: found '\(task)', allowed sts, fidelity")
        }
        for isa in try chosen() {
            guard let target = targets.first(where: { $0.fraction(for: isa) == nil }) else { continue }
            throw ValidationError(
                "--targets: found none for \(isa.rawValue) in \(target.text), allowed one for each")
        }
        guard FileManager.default.isExecutableFile(atPath: secateur) else {
            throw ValidationError("--secateur: found no program at \(secateur), allowed the built command")
        }
        _ = try LevelSet(levels)
    }

    func run() throws {
        let isas = try chosen()
        let sets = targets.map { target in
            isas.compactMap { isa in
                target.fraction(for: isa).map { run(isa, target: $0) }
            }
        }
        let runs = sets.joined().reduce(into: [HardwareRun]()) { if !$0.contains($1) { $0.append($1) } }
        var clock = StudyClock([
            .search: try runs.count { try !$0.isFinished() },
            .measurement: sets.count * HardwareComparison.steps(isas.count),
        ])
        for run in try runs.filter({ try !$0.isFinished() }) {
            try clock.time(.search, "search on \(run.isa.rawValue) at \(run.target)") { try run.search() }
        }
        let measurements = PolicyMeasurements(
            program: SecateurProgram(path: secateur), model: model, tokens: tokens, task: task, data: data,
            folder: "\(output)/measured")
        for set in sets {
            print(try HardwareComparison(runs: set, measurements: measurements).table(&clock).text)
        }
        if let chart { try draw(runs, to: chart) }
    }

    /// The instruction sets that are asked for.
    private func chosen() throws -> [InstructionSet] {
        guard !isas.isEmpty else {
            let present = Self.usual.filter(\.isAvailable)
            guard !present.isEmpty else {
                throw ValidationError("--isas: found none of the usual ones in this CPU, allowed others")
            }
            return present
        }
        return try isas.map { name in
            guard let isa = InstructionSet(rawValue: name), isa.isAvailable,
                isas.count(where: { $0 == name }) == 1
            else {
                let known = InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue)
                throw ValidationError(
                    "--isas: found '\(name)', allowed each once of \(known.joined(separator: ", "))")
            }
            return isa
        }
    }

    private func run(_ isa: InstructionSet, target: Double) -> HardwareRun {
        HardwareRun(isa: isa, target: target, study: self)
    }

    private func draw(_ runs: [HardwareRun], to path: String) throws {
        let layers = try runs.first?.layers() ?? []
        let columns = try runs.map { run in
            PolicyColumns.Column(
                "\(run.isa.rawValue), \(run.target)",
                levels: try Dictionary(uniqueKeysWithValues: zip(run.layers(), run.policy())))
        }
        try PolicyColumns(layers: layers, columns: columns)
            .svg(title: "The policy of each instruction set, and the fraction of its dense latency")
            .write(toFile: path, atomically: true, encoding: .utf8)
    }
}
