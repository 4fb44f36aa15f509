import Foundation
import Testing

/// Programs match one type of error: `Issue` of Levels.
@Suite struct ErrorTypeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func noOtherErrorIsPublic() throws {
        var found: [String] = []
        for folder in ["Sources", "Agents", "Environments"] {
            let path = Self.root.appendingPathComponent(folder).path
            for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init()
            where name.hasSuffix(".swift") {
                let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
                let types = text.matches(
                    of: #/public (?:struct|enum|final class|class|extension) (\w+)\s*:[^{]*\bError\b/#)
                found += types.map { String($0.1) }
            }
        }
        #expect(found == ["Issue"])
    }
}
