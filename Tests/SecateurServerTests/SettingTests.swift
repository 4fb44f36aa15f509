import Levels
import Testing

@testable import SecateurServer

/// Settings by flag and environment, and what counts are shown as.
@Suite struct SettingTests {
    @Test func whatIsTypedCountsMoreThanTheEnvironment() throws {
        let source = SettingSource(environment: ["SECATEUR_MAX_BATCH_TOKENS": "12", "SECATEUR_HOST": "::1"])
        var (tokens, host) = (1, "localhost")
        try source.set(&tokens, "maxBatchTokens", nil, in: 1...20)
        try source.set(&host, "host", nil)
        #expect(tokens == 12 && host == "::1")
        try source.set(&tokens, "maxBatchTokens", 13, in: 1...20)
        #expect(tokens == 13)
    }

    @Test func whatIsWrongNamesItsSource() {
        let source = SettingSource(environment: ["SECATEUR_PORT": "http", "SECATEUR_THREADS": "0"])
        var value = 1
        let first = #expect(throws: Levels.Issue.self) { try source.set(&value, "port", nil, in: 0...9) }
        #expect(first?.description == "SECATEUR_PORT: found 'http', allowed a number")
        let second = #expect(throws: Levels.Issue.self) { try source.set(&value, "threads", nil, in: 1...9) }
        #expect(second?.description == "SECATEUR_THREADS: found 0, allowed 1 to 9")
        let third = #expect(throws: Levels.Issue.self) { try source.set(&value, "maxTexts", 10, in: 1...9) }
        #expect(third?.naming(Serve.flag(of:)) == "--max-texts: found 10, allowed 1 to 9")
    }

    @Test func modelsHaveNames() {
        #expect(Serve.nameAndPath("models/minilm") == ("minilm", "models/minilm"))
        #expect(Serve.nameAndPath("checkpoints/run/") == ("run", "checkpoints/run/"))
        #expect(Serve.nameAndPath("chat=models/a=b.gguf") == ("chat", "models/a=b.gguf"))
    }

    @Test func metricsAreWhatPrometheusReads() {
        let metrics = Metrics()
        metrics.add(.requests, label: "route=\"/embed\"")
        metrics.add(.requests, 2, label: "route=\"/embed\"")
        metrics.observe(.batchSize, 3)
        metrics.observe(.batchSize, 10_000)
        let lines = metrics.text.split(separator: "\n")
        #expect(lines.contains("te_request_count{route=\"/embed\"} 3"))
        #expect(lines.contains("te_batch_next_size_bucket{le=\"2.0\"} 0"))
        #expect(lines.contains("te_batch_next_size_bucket{le=\"4.0\"} 1"))
        #expect(lines.contains("te_batch_next_size_bucket{le=\"+Inf\"} 2"))
        #expect(
            lines.contains("te_batch_next_size_count 2") && lines.contains("te_batch_next_size_sum 10003.0"))
        let sample = #/[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+-]+/#
        #expect(lines.allSatisfy { $0.hasPrefix("# ") || $0.wholeMatch(of: sample) != nil })
    }
}
