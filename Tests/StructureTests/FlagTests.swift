import Foundation
import Testing

/// Flags belong to the command: libraries name options by their fields, for callers of every kind.
@Suite struct FlagTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func librariesKnowNoFlags() throws {
        var read = 0
        for folder in ["Sources", "Agents", "Environments"] {
            let path = Self.root.appendingPathComponent(folder).path
            for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init()
            // A script that is written for users has flags of its own.
            where name.hasSuffix(".swift") && !name.hasPrefix("SecateurCLI/") && !name.hasPrefix("Export/") {
                let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
                let flags = text.matches(of: #/"([^"\n]*[ `'])?--[a-z]/#)
                #expect(flags.isEmpty, "\(folder)/\(name): found a flag, allowed the name of a field")
                read += 1
            }
        }
        #expect(read > 100)
    }
}
