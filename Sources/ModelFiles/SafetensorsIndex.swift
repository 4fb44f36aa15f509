import Foundation
import Levels

/// Which files hold the weights of a Hugging Face folder.
public struct SafetensorsIndex: Sendable {
    /// The file, or the index.
    public let path: String
    /// The files, in the order of their names.
    public let files: [String]
    /// The number of the file that a tensor is in; empty for a single file.
    let homes: [String: Int]

    /// Finds `model.safetensors`, or what `model.safetensors.index.json` names.
    /// - Throws: `Issue` when neither is there, or the index is malformed.
    public init(folder: String) throws {
        let (index, single) = ("\(folder)/model.safetensors.index.json", "\(folder)/model.safetensors")
        let files = FileManager.default
        guard !files.fileExists(atPath: single), files.fileExists(atPath: index) else {
            if !files.fileExists(atPath: single),
                let other = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5"].first(
                    where: {
                        files.fileExists(atPath: "\(folder)/\($0)")
                    })
            {
                throw Issue(
                    .unsupported, .path(folder), found: "\(other) and no model.safetensors",
                    allowed: "safetensors",
                    advice: "transformers' save_pretrained(…, safe_serialization=True) writes it")
            }
            (path, self.files, homes) = (single, [single], [:])
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
        self.files = names.map { "\(folder)/\($0)" }
        homes = Dictionary(
            entries.map { ($0.tensor, names.firstIndex(of: $0.file) ?? 0) }, uniquingKeysWith: { $1 })
    }

    /// What weights are recognized by: the digest of the file, or of the digests of all.
    /// - Throws: `Issue` for a file that cannot be read.
    public static func digest(folder: String) throws -> String {
        let index = try SafetensorsIndex(folder: folder)
        let digests = try index.files.map { try FileDigest.sha256(path: $0) }
        return digests.count == 1 ? digests[0] : FileDigest.sha256(lines: digests)
    }
}
