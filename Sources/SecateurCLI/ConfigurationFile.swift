import Foundation
import Levels
import Runs
import Yams

/// Options of `secateur search` that `--config` names: in a YAML file,
///
///     model: models/minilm
///     task: fidelity
///     target-latency: 0.5
///
/// or those of a run. Keys are the options' names without dashes, and `model`. They are put before those of
/// the command line, whose last word counts.
enum ConfigurationFile {
    private typealias Setting = (option: SearchOption, value: String)

    /// The names that a file may hold.
    static var keys: [String] {
        SearchOption.allCases.filter(\.isOfFile).map(\.rawValue).sorted()
    }

    /// A command line with the options of the file or the run that it names.
    /// - Throws: `Issue` for a file that is missing or malformed, with the line and what is allowed.
    static func expanded(_ commandLine: [String]) throws -> [String] {
        guard commandLine.first == "search", !commandLine.contains(where: ["-h", "--help"].contains) else {
            return commandLine
        }
        let own = Array(commandLine.dropFirst())
        guard let path = value(of: .config, in: own) else { return commandLine }
        var settings = try runFolder(path).map { try repeating($0, own) } ?? read(path)
        settings.removeAll { $0.option.alternative.flatMap { value(of: $0, in: own) } != nil }
        if hasPositional(own) { settings.removeAll { $0.option.kind == .positional } }
        return ["search"] + settings.map { $0.option.argument($0.value) } + own
    }

    /// The run that a path names, by its folder or its `run.json`.
    private static func runFolder(_ path: String) -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        if isFolder.boolValue { return path }
        let file = path as NSString
        guard file.lastPathComponent == RunFile.options.rawValue else { return nil }
        return file.deletingLastPathComponent.isEmpty ? "." : file.deletingLastPathComponent
    }

    /// What repeats a run. Settings are of its agent: they are of no use to another one.
    private static func repeating(_ folder: String, _ commandLine: [String]) throws -> [Setting] {
        let files = RunFiles(folder: folder)
        let options = try files.options()
        let agent = value(of: .agent, in: commandLine) ?? options.agent
        return try SearchOption.allCases.compactMap { option in
            guard option != .agentOption || agent == options.agent else { return nil }
            return try option.value(in: files, options).map { (option, $0) }
        }
    }

    private static func value(of option: SearchOption, in arguments: [String]) -> String? {
        let name = "--\(option.rawValue)"
        guard let index = arguments.lastIndex(where: { $0 == name || $0.hasPrefix("\(name)=") }) else {
            return nil
        }
        guard arguments[index] == name else { return String(arguments[index].dropFirst(name.count + 1)) }
        return index + 1 < arguments.count ? arguments[index + 1] : nil
    }

    /// Whether the model is on the command line.
    private static func hasPositional(_ arguments: [String]) -> Bool {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            guard argument.hasPrefix("-") else { return true }
            let takesValue = SearchOption(rawValue: String(argument.drop { $0 == "-" }))?.kind == .option
            let next = index + 1 < arguments.count ? arguments[index + 1] : ""
            // The port of --serve may be left out.
            let isGiven = argument != "--serve" || UInt16(next) != nil
            index += takesValue && isGiven ? 2 : 1
        }
        return false
    }

    private static func read(_ path: String) throws -> [Setting] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Issue(.missing, .path(path), advice: "no such file")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw Issue(.malformed, .path(path), found: "bytes that are not UTF-8", allowed: "YAML")
        }
        let node: Node?
        do { node = try compose(yaml: text) } catch {
            throw Issue(.malformed, .path(path), found: "no YAML", advice: "\(error)")
        }
        guard let mapping = node?.mapping else {
            throw Issue(.malformed, .path(path), found: "no mapping", allowed: "lines such as 'budget: 300'")
        }
        return try mapping.compactMap { try setting($0, $1, path) }
    }

    /// A line of a file; nil for a flag that is off.
    private static func setting(_ key: Node, _ value: Node, _ path: String) throws -> Setting? {
        let (name, line) = (key.string ?? "", key.mark?.line ?? 0)
        guard let option = SearchOption(rawValue: name), option.isOfFile else {
            throw Issue(
                .unsupported, .path("\(path):\(line)"), found: "option '\(name)'",
                allowed: keys.joined(separator: ", "))
        }
        guard let scalar = value.scalar?.string else {
            throw Issue(
                .malformed, .path("\(path):\(line)"), field: .part(name), found: "a list or a mapping",
                allowed: "one value")
        }
        guard option.kind == .flag else { return (option, scalar) }
        guard let isOn = value.bool else {
            throw Issue(
                .malformed, .path("\(path):\(line)"), field: .part(name), found: "'\(scalar)'",
                allowed: "true or false")
        }
        return isOn ? (option, scalar) : nil
    }
}
