import Foundation
import HDF5
import Levels
import Testing

/// A folder that is removed with its last user.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("hdf5-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String {
        "\(path)/\(name)"
    }

    var entries: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}

/// Runs something that must fail, and returns the error.
func failure(_ body: () throws -> Void) -> Levels.Issue? {
    do {
        try body()
        Issue.record("it did not throw")
        return nil
    } catch let error as Levels.Issue {
        return error
    } catch {
        Issue.record("it threw \(error)")
        return nil
    }
}

/// A file with a bit of everything, used where files are damaged.
func writeSample(to path: String, latestFormat: Bool) throws {
    let file = try HDF5File.create(path: path, latestFormat: latestFormat)
    let root = try file.root
    try root.setAttribute("schema", "secateur.test/1")
    try root.setAttribute("seeds", [1, 2, 3])
    let group = try root.createGroup("layers")
    try group.write("weights", (0..<24).map { Float($0) }, shape: [4, 6])
    try group.writeStrings("names", ["query", "schlüssel", "値"])
    let rows = try root.createExtendible("rows", of: Double.self, rowShape: [2], chunkRows: 4)
    try rows.append((0..<20).map { Double($0) })
    try rows.setAttribute("unit", "ms")
    try file.close()
}
