import Foundation
import Levels
import Testing

@Suite struct RecoveryLengthTests {
    @Test(arguments: [
        ("10m", RecoveryLength.seconds(600)), ("90s", .seconds(90)), ("0.5m", .seconds(30)),
        ("200", .steps(200)),
    ])
    func textsAreRead(_ text: String, _ length: RecoveryLength) throws {
        #expect(RecoveryLength(text) == length)
        #expect(RecoveryLength("\(length)") == length)
        let coded = try JSONEncoder().encode([length])
        #expect(try JSONDecoder().decode([RecoveryLength].self, from: coded) == [length])
    }

    @Test(arguments: ["", "0", "-5", "m", "0m", "nans", "10h", "1.5", "none"])
    func othersAreNot(_ text: String) {
        #expect(RecoveryLength(text) == nil)
    }
}
