import Foundation
import Tensors
import Testing

@Suite struct RandomStreamTests {
    @Test func noTwoStreamsAreAlike() {
        let first = RandomStream.allCases.map { stream in
            var random = CounterBasedRandom(seed: 1, stream: stream)
            return random.next()
        }
        #expect(Set(first).count == RandomStream.allCases.count)
        #expect(Set(RandomStream.allCases.map(\.rawValue)).count == RandomStream.allCases.count)
    }

    /// Sources name their streams, so that none is used twice by chance; dropout's are beyond all of these.
    @Test func sourcesNameTheirStreams() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        for folder in ["Sources", "Agents", "Environments"] {
            let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
            for case let name as String in names ?? .init() where name.hasSuffix(".swift") {
                let text = try String(
                    contentsOfFile: root.appendingPathComponent("\(folder)/\(name)").path, encoding: .utf8)
                #expect(text.firstMatch(of: #/stream: *[0-9]/#) == nil, "\(folder)/\(name)")
            }
        }
    }
}
