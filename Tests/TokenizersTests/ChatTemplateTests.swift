import Foundation
import Levels
import Testing

@testable import Tokenizers

@Suite struct ChatTemplateTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        struct Message: Decodable, Sendable {
            let role: String
            let content: String
        }
        let name: String
        let template: String
        let messages: [Message]
        let rendered: String?

        var testDescription: String { "\(name), \(messages.count) messages" }
    }

    private static let cases: [Case] = {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/templates.json")
        return (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: fixture))) ?? []
    }()

    @Test func thereAreCases() { #expect(Self.cases.count >= 100) }

    /// What the Hugging Face library makes of templates, refusals included; make_templates.py says how.
    @Test(arguments: Self.cases)
    func templatesAreRenderedAsByTheReference(_ example: Case) throws {
        func render() throws -> String {
            try ChatTemplate(
                example.template, tokens: ["bos_token": "<s>", "eos_token": "</s>"], file: "m/template"
            ).text(of: example.messages.map { .init(role: $0.role, content: $0.content) })
        }
        guard let rendered = example.rendered else {
            let error = #expect(throws: Levels.Issue.self) { try render() }
            #expect(error?.description.hasPrefix("m/template: chat template") == true)
            return
        }
        #expect(try Array(render().unicodeScalars) == Array(rendered.unicodeScalars))
    }

    @Test(arguments: [
        ("{{ x", "without '}}'"), ("{% if true %}a", "found no 'elif' or 'else' or 'endif'"),
        ("{{ 'a }}", "found a string without its end"), ("{% include 'x' %}", "found 'include', allowed for"),
        ("{{ a | frobnicate }}", "the filter 'frobnicate'"), ("{{ 1 is odder }}", "the test 'odder'"),
        ("{{ cycler(1) }}", "'cycler', which is undefined"), ("{{ 1 +* 2 }}", "which is not understood"),
        ("{% break %}", "outside of a loop"), ("{{ 'a'.swapcase() }}", "'swapcase' of a text"),
        ("{{ 1 // 0 }}", "a division by 0"), ("{{ 9223372036854775807 + 1 }}", "a number too large"),
        ("{% for a in 5 %}{% endfor %}", "a number, allowed a list"),
        ("{{ [1, 2] | sort(by=1) }}", "found 'by'"),
    ])
    func whatIsWrongIsNamed(_ template: String, _ says: String) throws {
        let error = #expect(throws: Levels.Issue.self) {
            try ChatTemplate(template, file: "m/t").text(of: [])
        }
        #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    }

    /// None of them takes long or much memory.
    @Test(arguments: [
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(x='ab') %}{% for a in range(90) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(90) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{{ 'a' * 9000000000000000000 }}", "{{ 'aaaa' | replace('a', 'b' * 9000000) }}",
        "{{ 'a' | indent(1000000000) }}", "{{ range(9000000000000000000) }}",
        String(repeating: "(", count: 100_000), "{{ " + String(repeating: "(", count: 100_000) + " }}",
        "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
        "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
        String(repeating: "{% if true %}", count: 100_000), "{{ 2 ** 99999999 }}",
    ])
    func templatesHaveLimits(_ template: String) {
        let clock = ContinuousClock()
        let time = clock.measure {
            _ = try? ChatTemplate(template, file: "m/t").text(of: [])
        }
        #expect(time < .seconds(20))
    }
}
