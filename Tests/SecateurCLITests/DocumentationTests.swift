import ArgumentParser
import Foundation
import Testing

@testable import SecateurCLI

/// Commands in the documentation are commands that there are, with options that they take.
@Suite struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Files under a folder, by how their names end.
    private static func files(_ folder: String, _ ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
            .filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
    }

    private static let catalogue = "Sources/SecateurCLI/Secateur.docc"

    /// The command lines of a text, those that continue in the next line put together.
    private static func commandLines(_ text: String) -> [String] {
        text.replacing("\\\n", with: " ").split(separator: "\n").flatMap { line in
            let typed = line.drop { $0 == " " || $0 == "$" }
            let example = typed.range(of: "Example: ").map { typed[$0.upperBound...] } ?? typed
            return String(example).components(separatedBy: " | ")
        }
        .map { $0.replacing(#/^.*(/| )?release/secateur /#, with: "secateur ") }
        .filter { $0.hasPrefix("secateur ") }
    }

    /// The words of a command line, up to a comment or where its output goes.
    private static func words(_ line: String) -> [String] {
        var (words, word, quote): ([String], String?, Character?) = ([], nil, nil)
        for character in line + " " {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "'" || character == "\"" {
                (quote, word) = (character, word ?? "")
            } else if character == " " {
                if let word { words.append(word) }
                word = nil
            } else if word == nil, "#<>&".contains(character) {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words
    }

    private static func check(_ text: String, _ file: String) -> Int {
        var checked = 0
        for line in commandLines(text) {
            let arguments = Array(words(line).dropFirst())
            // Placeholders, and options that are in a file.
            // What a benchmark printed of ours begins like a command.
            guard arguments.first != "dense", arguments.first?.contains("@") != true else { continue }
            let isPlain = !arguments.contains { $0.contains("…") || ["RUN", "--config"].contains($0) }
            guard isPlain, arguments.contains(where: { !$0.hasPrefix("-") }) else { continue }
            #expect(throws: Never.self, "\(file): \(line)") { _ = try SecateurCommand.parseAsRoot(arguments) }
            checked += 1
        }
        return checked
    }

    @Test func commandsInDocumentsAreUnderstood() throws {
        let documents =
            try ["README.md", "Benchmarks/README.md"] + Self.files("docs", ".md")
            + Self.files("\(Self.catalogue)/Resources", ".sh")
        var checked = 0
        for file in documents {
            let text = try String(contentsOf: Self.root.appendingPathComponent(file), encoding: .utf8)
            checked += Self.check(text, file)
        }
        #expect(checked > 40)
    }

    /// Every command's help ends with an example of it.
    @Test(arguments: SecateurCommand.configuration.subcommands.indices)
    func helpHasExamples(index: Int) throws {
        let type = SecateurCommand.configuration.subcommands[index]
        let command = type._commandName
        let examples = type.configuration.discussion
        #expect(examples.contains("secateur \(command) "), "\(examples)")
        #expect(Self.check(examples, "\(command) --help") > 0)
        // No line of an example is broken on a terminal of 80 columns.
        let shown = type.helpMessage(columns: 80).split(separator: "\n")
        for line in examples.split(separator: "\n") where line.hasPrefix("  ") {
            #expect(shown.contains(line), "\(line)")
        }
    }

    /// Beside swift, or wherever shells find it.
    private static let hasCompiler =
        (try? ExternalProgram.run("/bin/sh", ["-c", "command -v docc || command -v swift"]))?.status == 0

    @Test(.enabled(if: hasCompiler, "docc is not here: it comes with Swift"))
    func tutorialsAreBuiltWithoutWarnings() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        let script = Self.root.appendingPathComponent("scripts/make-documentation.sh").path
        let built = try ExternalProgram.run("/bin/bash", [script, tool.file("pages")])
        #expect(built.status == 0 && !built.errors.contains("warning"), "\(built.output)\(built.errors)")
        for page in ["first-search", "writing-an-agent"] {
            let path = tool.file("pages/tutorials/tutorials/secateur/\(page)/index.html")
            #expect(FileManager.default.fileExists(atPath: path), "\(page)")
        }
        #expect(
            FileManager.default.fileExists(
                atPath: tool.file("pages/library/documentation/secateur/index.html")))
    }

    /// Code that tutorials show is there, and all that is there is shown.
    @Test func tutorialsShowTheirFiles() throws {
        let tutorials = try Self.files(Self.catalogue, ".tutorial")
        let texts = try tutorials.map {
            try String(contentsOf: Self.root.appendingPathComponent($0), encoding: .utf8)
        }
        let shown = Set(
            texts.joined().matches(of: #/(?:file|source): "([^"]+)"/#).map { String($0.1) })
        let stored = Set(
            try Self.files("\(Self.catalogue)/Resources", "").map { ($0 as NSString).lastPathComponent })
        #expect(shown == stored)
        #expect(tutorials.count == 9)
    }
}
