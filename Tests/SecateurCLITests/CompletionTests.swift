import Foundation
import Testing

@testable import SecateurCLI

/// The completion scripts that `secateur --generate-completion-script` prints.
@Suite struct CompletionTests {
    private func script(_ tool: CommandLineTool, _ shell: String) throws -> String {
        let result = try tool.run(["--generate-completion-script", shell])
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        let path = tool.file("completion.\(shell)")
        try result.output.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func everyShellIsToldEveryCommand(shell: String) throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        let text = try String(contentsOfFile: script(tool, shell), encoding: .utf8)
        for command in SecateurCommand.configuration.subcommands {
            #expect(text.contains(command._commandName), "\(command._commandName)")
        }
    }

    @Test func anUnknownShellIsRefused() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        let result = try tool.run(["--generate-completion-script", "tcsh"])
        #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
    }

    /// What bash offers where the last word is to be completed.
    private func offers(_ tool: CommandLineTool, _ words: [String]) throws -> Set<String> {
        let list = words.map { "'\($0)'" }.joined(separator: " ")
        let line = words.joined(separator: " ")
        let program = """
            cd '\(tool.folder)' && source completion.bash
            COMP_WORDS=(\(list)) COMP_CWORD=\(words.count - 1) COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count)
            _secateur secateur "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let result = try ExternalProgram.run("/bin/bash", ["--noprofile", "--norc", "-c", program])
        #expect(result.status == 0, "\(result.errors)")
        return Set(result.output.split(separator: "\n").map(String.init))
    }

    @Test func bashOffersWhatAnOptionTakes() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        let checked = try ExternalProgram.run("/bin/bash", ["-n", script(tool, "bash")])
        #expect(checked.status == 0, "\(checked.errors)")
        for name in ["latency.h5", "run.yaml", "text.txt"] {
            _ = FileManager.default.createFile(atPath: tool.file(name), contents: nil)
        }
        try FileManager.default.createDirectory(
            atPath: tool.file("models"), withIntermediateDirectories: false)

        #expect(try offers(tool, ["secateur", "sea"]) == ["search"])
        #expect(try offers(tool, ["secateur", "search", "--target-l"]) == ["--target-latency"])
        #expect(try offers(tool, ["secateur", "search", "--agent", ""]).contains("random"))
        #expect(
            try offers(tool, ["secateur", "search", "--task", ""]) == [
                "sts", "fidelity", "retrieval", "lm", "classification",
            ])
        #expect(try offers(tool, ["secateur", "export", "run", "--format", "o"]) == ["onnx"])
        #expect(try offers(tool, ["secateur", "prune", "model", "--pattern", "u"]) == ["unstructured"])
        #expect(try offers(tool, ["secateur", "search", "--train", "t"]) == ["text.txt"])
        #expect(try offers(tool, ["secateur", "search", "--latency-table", ""]).contains("latency.h5"))
        #expect(try !offers(tool, ["secateur", "search", "--latency-table", ""]).contains("text.txt"))
        #expect(try offers(tool, ["secateur", "search", "--config", "r"]) == ["run.yaml"])
        #expect(try offers(tool, ["secateur", "search", "mo"]) == ["models"])
        #expect(try offers(tool, ["secateur", "resume", ""]).isDisjoint(with: ["text.txt", "latency.h5"]))
    }
}
