import Foundation
import Secateur
import Testing

/// OpenAI's routes to language models, of a server that runs.
@Suite struct GenerationRouteTests {
    private func choices(_ answer: RunningServer.Answer) -> [[String: Any]] {
        answer.object["choices"] as? [[String: Any]] ?? []
    }

    /// The parts of a streamed answer.
    private func events(_ answer: RunningServer.Answer) -> [[String: Any]] {
        let lines = answer.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(lines.last == "data: [DONE]" && lines.allSatisfy { $0.hasPrefix("data: ") })
        return lines.dropLast().compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.dropFirst(6).utf8))) as? [String: Any]
        }
    }

    /// What the library makes of a prompt.
    private func expected(_ server: RunningServer, _ prompt: String, tokens: Int) async throws -> String {
        var settings = Model.Generation()
        settings.maximumTokens = tokens
        let model = try Model("\(server.folder)/write", threads: 1)
        return try await model.generate(prompt, settings).reduce(into: "") { $0 += $1 }
    }

    @Test func textsAreTheModels() async throws {
        let server = try RunningServer(models: ["write"])
        let text = try await expected(server, "abcab", tokens: 12)
        let body = #"{"model": "write", "prompt": "abcab", "temperature": 0, "max_tokens": 12"#
        let answer = try server.ask("/v1/completions", "\(body)}")
        #expect(choices(answer).first?["text"] as? String == text, "\(answer.text)")
        #expect(["length", "stop"].contains(choices(answer).first?["finish_reason"] as? String))
        let usage = answer.object["usage"] as? [String: Int]
        #expect(
            usage?["prompt_tokens"] == 2 && usage?["total_tokens"] == 2 + (usage?["completion_tokens"] ?? 0))

        let streamed = try server.ask(
            "/v1/completions", #"\#(body), "stream": true, "stream_options": {"include_usage": true}}"#)
        #expect(streamed.headers["content-type"] == "text/event-stream")
        let parts = events(streamed)
        let texts = parts.flatMap { $0["choices"] as? [[String: Any]] ?? [] }.compactMap {
            $0["text"] as? String
        }
        #expect(texts.joined() == text && (parts.last?["usage"] as? [String: Int]) == usage)

        // Several prompts are several choices, each as if it were alone.
        let both = choices(
            try server.ask(
                "/v1/completions", #"{"prompt": ["c", "abcab"], "temperature": 0, "max_tokens": 12}"#))
        #expect(both.compactMap { $0["index"] as? Int } == [0, 1] && both.last?["text"] as? String == text)
        #expect(both.first?["text"] as? String == (try await expected(server, "c", tokens: 12)))
        #expect(
            choices(
                try server.ask("/v1/completions", #"{"prompt": [5, 2], "temperature": 0, "max_tokens": 12}"#)
            ).first?["text"] as? String == text)
    }

    @Test func conversations() async throws {
        let server = try RunningServer(models: ["write"])
        let text = try await expected(server, "cabc", tokens: 20)
        let body =
            #"{"messages": [{"role": "system", "content": "c"}, {"role": "user", "content": "abc"}], "temperature": 0, "max_completion_tokens": 20"#
        let answer = try server.ask(
            "/v1/chat/completions", #"\#(body), "logprobs": true, "top_logprobs": 3}"#)
        let choice = try #require(choices(answer).first, "\(answer.text)")
        #expect((choice["message"] as? [String: String]) == ["role": "assistant", "content": text])
        let made = (answer.object["usage"] as? [String: Int])?["completion_tokens"]
        let entries = (choice["logprobs"] as? [String: Any])?["content"] as? [[String: Any]] ?? []
        #expect(entries.count == made && entries.count > 0)
        for entry in entries {
            let likeliest = entry["top_logprobs"] as? [[String: Any]] ?? []
            let values = likeliest.compactMap { $0["logprob"] as? Double }
            #expect(values.count == 3 && values == values.sorted(by: >))
            // The likeliest token is the one that was taken.
            #expect(entry["logprob"] as? Double == values.first && values[0] < 0)
        }
        let parts = events(try server.ask("/v1/chat/completions", #"\#(body), "stream": true}"#))
        let deltas = parts.flatMap { $0["choices"] as? [[String: Any]] ?? [] }
        #expect((deltas.first?["delta"] as? [String: String])?["role"] == "assistant")
        #expect(deltas.compactMap { ($0["delta"] as? [String: String])?["content"] }.joined() == text)
        #expect(deltas.last?["finish_reason"] as? String == choice["finish_reason"] as? String)
        #expect(Set(parts.compactMap { $0["id"] as? String }).count == 1)

        // A seed fixes the text; others make others.
        func sampled(_ seed: Int) throws -> String? {
            let body =
                #"{"prompt": "abc", "temperature": 2, "seed": \#(seed), "max_tokens": 40, "logprobs": 1}"#
            let lists = choices(try server.ask("/v1/completions", body)).first?["logprobs"] as? [String: Any]
            return (lists?["token_logprobs"] as? [Double])?.description
        }
        #expect(try sampled(7) == sampled(7))
        #expect(try sampled(7) != sampled(8))
    }

    @Test func stopsEndTexts() async throws {
        let server = try RunningServer(models: ["write"])
        let text = try await expected(server, "ab", tokens: 40)
        let stop = try #require(text.dropFirst().first, "the model makes no text")
        let body = #"{"prompt": "ab", "temperature": 0, "max_tokens": 40, "stop": ["\#(stop)"]}"#
        let choice = choices(try server.ask("/v1/completions", body)).first
        #expect(choice?["text"] as? String == text.firstIndex(of: stop).map { String(text[..<$0]) })
        #expect(choice?["finish_reason"] as? String == "stop")
    }

    @Test func whatIsWrongIsSaid() throws {
        let server = try RunningServer()
        for (path, body, status) in [
            ("/v1/chat/completions", "{}", 400), ("/v1/chat/completions", #"{"messages": []}"#, 400),
            ("/v1/completions", #"{"prompt": ""}"#, 400),
            ("/v1/completions", #"{"prompt": "a", "n": 2}"#, 400),
            ("/v1/completions", #"{"prompt": "a", "model": "embed"}"#, 424),
            ("/v1/completions", #"{"prompt": "a", "model": "none"}"#, 404),
            ("/v1/completions", #"{"prompt": [99]}"#, 400),
            ("/v1/completions", #"{"prompt": "a", "logprobs": true}"#, 400),
            ("/v1/completions", #"{"prompt": "\#(String(repeating: "a", count: 64))"}"#, 400),
            ("/v1/chat/completions", "[1]", 400),
        ] {
            let answer = try server.ask(path, body)
            let error = answer.object["error"] as? [String: Any]
            #expect(answer.status == status, "\(path) \(body): \(answer.status) \(answer.text)")
            #expect((error?["message"] as? String)?.isEmpty == false && error?["type"] is String)
        }
    }
}
