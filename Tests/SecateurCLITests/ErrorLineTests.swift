import Levels
import Runs
import Testing

@testable import SecateurCLI

@Suite struct ErrorLineTests {
    @Test(arguments: [
        ("targetLatency", "--target-latency"), ("budget", "--budget"), ("score", "--method"),
        ("rewinds", "--rewind"), ("agentOptions", "--agent-option"),
        ("calibrationSentences", "--calibration-sentences"),
    ])
    func fieldsArePrintedAsTheirFlags(_ field: String, _ flag: String) {
        let issue = Issue(.outOfRange, .option(field), found: "0", allowed: "1")
        #expect(ErrorLine.text(issue) == "\(flag): found 0, allowed 1")
    }

    @Test func otherErrorsAreAsTheyAre() {
        let issue = Issue(.missing, .path("a/runB"), advice: "no such file")
        #expect(ErrorLine.text(issue) == "a/runB: no such file")
        #expect(ErrorLine.text(Issue(.missing, .other("the end"), found: "none")) == "the end: found none")
    }
}
