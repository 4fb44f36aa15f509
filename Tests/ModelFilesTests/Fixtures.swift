import Foundation

/// The MiniLM folder: under SECATEUR_MODELS, else under `models` at the package's root.
enum MiniLM {
    static let folder: String = {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let models =
            ProcessInfo.processInfo.environment["SECATEUR_MODELS"]
            ?? root.appendingPathComponent("models").path
        return "\(models)/minilm"
    }()

    static let isPresent = FileManager.default.fileExists(atPath: "\(folder)/model.safetensors")
}

extension TemporaryFolder {
    /// Writes `data` to a new file of the folder and returns its path.
    func file(_ data: Data, name: String = "model.safetensors") throws -> String {
        let path = "\(self.path)/\(name)"
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }
}

/// The bytes of a safetensors file with a given header, right or wrong.
func safetensors(_ header: String, dataByteCount: Int = 0) -> Data {
    var data = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: header.utf8)
    data.append(Data(count: dataByteCount))
    return data
}
