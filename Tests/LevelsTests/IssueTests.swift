import Levels
import Testing

@Suite struct IssueTests {
    @Test func aLineHasThePartsThatThereAre() {
        let all = Levels.Issue(
            .malformed, .path("a.safetensors"), field: .tensor("bias"), found: "dtype X9",
            allowed: "F32, F16", advice: "convert it")
        #expect("\(all)" == "a.safetensors: tensor 'bias': found dtype X9, allowed F32, F16: convert it")
        #expect("\(Levels.Issue(.missing, .path("a"), advice: "no such file"))" == "a: no such file")
        #expect("\(Levels.Issue(.outOfRange, .option("tokens"), allowed: "1"))" == "tokens: allowed 1")
        #expect(all.facts == "found dtype X9, allowed F32, F16: convert it")
        #expect(all.naming { _ in "--model" }.hasPrefix("--model: tensor 'bias': found"))
    }

    @Test(arguments: [
        (Levels.Issue.Field.tensor("x"), "tensor 'x'"), (.key("a.b"), "'a.b'"), (.line(3), "line 3"),
        (.part("names"), "names"),
    ])
    func fieldsSayWhatTheyAre(_ field: Levels.Issue.Field, _ text: String) {
        #expect("\(Levels.Issue(.malformed, .path("f"), field: field, found: "1"))" == "f: \(text): found 1")
    }

    /// Names come from files that anybody may have made.
    @Test(arguments: ["a\nb", "a\r\nb", "a\u{1B}[31mb", "a\u{0}b", "a\u{2028}b", "a\u{85}b"])
    func everyPartStaysOnOneLine(_ text: String) {
        for issue in [
            Levels.Issue(.malformed, .path(text)), .init(.malformed, .other("x"), field: .tensor(text)),
            .init(.malformed, .other("x"), found: text), .init(.malformed, .other("x"), allowed: text),
            .init(.malformed, .other("x"), advice: text),
        ] {
            let line = issue.description
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
            #expect(!line.contains { $0.isNewline } && line.contains("\u{FFFD}"))
        }
    }

    @Test func aPartOfExcessLengthIsCut() {
        let long = String(repeating: "x", count: 100_000)
        let line = Levels.Issue(.malformed, .path(long), field: .key(long), found: long).description
        #expect(line.utf8.count < 6_100)
    }
}
