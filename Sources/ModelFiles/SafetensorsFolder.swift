import Foundation
import Levels

/// The weights of a Hugging Face folder: `model.safetensors`, or several files that
/// `model.safetensors.index.json` tells tensors to.
public struct SafetensorsFolder: TensorFile {
    /// The file, or the index.
    public let path: String
    /// The files, in the order of their names.
    public let files: [SafetensorsFile]
    private let homes: [String: Int]

    /// Opens and checks every file.
    /// - Throws: `Issue` when a file is missing or malformed, or does not hold what the index
    ///   says.
    public init(folder: String) throws {
        let index = "\(folder)/model.safetensors.index.json"
        let single = "\(folder)/model.safetensors"
        if FileManager.default.fileExists(atPath: single)
            || !FileManager.default.fileExists(atPath: index)
        {
            path = single
            files = [try SafetensorsFile(path: single)]
            homes = Dictionary(uniqueKeysWithValues: files[0].names.map { ($0, 0) })
            return
        }
        path = index
        let map = try JSONFields(contentsOf: index).fields("weight_map")
        let entries = try map.members.map { member in
            guard case .string(let name) = member.value, !name.contains("/"), name != "..", !name.isEmpty
            else { throw map.wrong(member.key, "the name of a file in the same folder") }
            return (tensor: member.key, file: name)
        }
        let names = Set(entries.map(\.file)).sorted()
        let opened = try names.map { try SafetensorsFile(path: "\(folder)/\($0)") }
        var homes: [String: Int] = [:]
        for entry in entries {
            guard let number = names.firstIndex(of: entry.file) else { continue }
            guard opened[number].tensors[entry.tensor] != nil else {
                throw Issue(
                    .missing, .path(opened[number].path), field: .tensor(entry.tensor),
                    found: "no such tensor", allowed: "what \(index) says")
            }
            homes[entry.tensor] = number
        }
        files = opened
        self.homes = homes
    }

    /// The tensors' names, file after file.
    public var names: [String] {
        files.enumerated().flatMap { number, file in file.names.filter { homes[$0] == number } }
    }

    /// The file that a tensor is in.
    /// - Throws: `Issue` when there is no tensor of that name.
    public func file(of name: String) throws -> SafetensorsFile {
        guard let number = homes[name] else {
            throw Issue.noTensor(name, in: path, of: homes.count)
        }
        return files[number]
    }

    /// A tensor by name.
    public func tensor(_ name: String) throws -> FloatTensor {
        try file(of: name).tensor(name)
    }
}
