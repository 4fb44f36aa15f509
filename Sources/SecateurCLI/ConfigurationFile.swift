import ArgumentParser
import Foundation
import Runs
import Search
import Yams

/// Options of `secateur search` in a YAML file, which `--config` names:
///
///     model: models/minilm
///     task: fidelity
///     target-latency: 0.5
///
/// Keys are the options' names without dashes, and `model`. The file's options are put before those of the
/// command line, whose last word counts.
enum ConfigurationFile {
    /// What the command's own help tells of an option.
    private struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }
        let kind: String
        let names: [Name]?
        let valueName: String?

        var key: String? {
            kind == "positional" ? valueName : names?.first { $0.kind == "long" }?.name
        }
    }

    private struct Help: Decodable {
        struct Command: Decodable { let arguments: [Argument]? }
        let command: Command
    }

    /// Options that a file cannot hold, since they say what to do with files.
    static let commandLineOnly: Set<String> = ["config", "replay", "help", "version"]

    /// The options of `secateur search`, by name.
    private static func arguments() throws -> [String: Argument] {
        let help = try JSONDecoder().decode(Help.self, from: Data(Search._dumpHelp().utf8))
        let named = (help.command.arguments ?? []).compactMap { argument in
            argument.key.map { ($0, argument) }
        }
        return Dictionary(named) { first, _ in first }
    }

    /// The names that a file may hold.
    static func keys() throws -> [String] {
        try arguments().keys.filter { !commandLineOnly.contains($0) }.sorted()
    }

    /// A command line with the options of the file that it names.
    /// - Throws: `SearchFailure` for a file that is missing or malformed, with the line and what is allowed.
    static func expanded(_ commandLine: [String]) throws -> [String] {
        guard commandLine.first == "search", !commandLine.contains(where: ["-h", "--help"].contains) else {
            return commandLine
        }
        let own = Array(commandLine.dropFirst())
        let replay = value(of: "replay", in: own)
        guard
            let path = value(of: "config", in: own)
                ?? replay.map({ RunFiles(folder: $0).path(.configuration) })
        else { return commandLine }
        let known = try arguments()
        var (options, model) = try read(path, known)
        if hasPositional(own, known) { model = nil }
        return ["search"] + options + (model.map { [$0] } ?? []) + own
    }

    /// What the file that repeats a run says of an option; nil where it says nothing, or there is no such file.
    /// - Throws: `SearchFailure` for a malformed one.
    static func value(of name: String, inRun folder: String) throws -> String? {
        let path = RunFiles(folder: folder).path(.configuration)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let options = try read(path, try arguments()).options
        return value(of: name, in: options)
    }

    private static func value(of name: String, in arguments: [String]) -> String? {
        if let joined = arguments.last(where: { $0.hasPrefix("--\(name)=") }) {
            return String(joined.dropFirst(name.count + 3))
        }
        guard let index = arguments.lastIndex(of: "--\(name)"), index + 1 < arguments.count else {
            return nil
        }
        return arguments[index + 1]
    }

    /// Whether the model is on the command line.
    private static func hasPositional(_ arguments: [String], _ known: [String: Argument]) -> Bool {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            guard argument.hasPrefix("-") else { return true }
            let takesValue = known[String(argument.drop { $0 == "-" })]?.kind == "option"
            let next = index + 1 < arguments.count ? arguments[index + 1] : ""
            // The port of --serve may be left out.
            let isGiven = argument != "--serve" || UInt16(next) != nil
            index += takesValue && isGiven ? 2 : 1
        }
        return false
    }

    private static func read(
        _ path: String, _ known: [String: Argument]
    ) throws -> (options: [String], model: String?) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SearchFailure("\(path): no such file")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw SearchFailure("\(path): found bytes that are not UTF-8, allowed YAML")
        }
        let node: Node?
        do { node = try compose(yaml: text) } catch {
            throw SearchFailure("\(path): found no YAML: \(error)")
        }
        guard let mapping = node?.mapping else {
            throw SearchFailure("\(path): found no mapping, allowed lines such as 'budget: 300'")
        }
        var (options, model): ([String], String?) = ([], nil)
        for (key, value) in mapping {
            let name = key.string ?? ""
            let place = "\(path):\(key.mark?.line ?? 0): \(name)"
            guard let argument = known[name], !commandLineOnly.contains(name) else {
                throw SearchFailure(
                    "\(path):\(key.mark?.line ?? 0): found option '\(name)', allowed "
                        + (try keys().joined(separator: ", ")))
            }
            guard let scalar = value.scalar?.string else {
                throw SearchFailure("\(place): found a list or a mapping, allowed one value")
            }
            switch argument.kind {
            case "positional": model = scalar
            case "flag":
                guard let isOn = value.bool else {
                    throw SearchFailure("\(place): found '\(scalar)', allowed true or false")
                }
                if isOn { options.append("--\(name)") }
            default: options.append("--\(name)=\(scalar)")
            }
        }
        return (options, model)
    }
}
