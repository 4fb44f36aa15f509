import Foundation
import Testing

@testable import SecateurServer

/// What OpenAI's clients ask for.
@Suite struct GenerationRequestTests {
    private func read(_ text: String) throws -> GenerationRequest {
        try JSONDecoder().decode(GenerationRequest.self, from: Data(text.utf8))
    }

    @Test func whatIsAskedForIsRead() throws {
        let request = try read(
            #"""
            {"model": "m", "messages": [{"role": "system", "content": "Be brief."},
              {"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "text", "text": "a tree?"}]}],
             "stream": true, "stream_options": {"include_usage": true}, "stop": "END", "temperature": 0.5, "top_p": 0.9,
             "seed": -1, "max_tokens": 5, "max_completion_tokens": 7, "logprobs": true, "top_logprobs": 2, "n": 1,
             "presence_penalty": 0, "tools": [], "logit_bias": {}, "response_format": {"type": "text"}, "user": "x"}
            """#)
        #expect(request.messages?.map(\.content) == ["Be brief.", "What is a tree?"])
        #expect(request.stream && request.includesUsage && request.stops == ["END"])
        #expect(request.temperature == 0.5 && request.topP == 0.9 && request.seed == .max)
        #expect(request.maximumTokens == 7 && request.topLogProbabilities == 2)
        let usual = try read(#"{"prompt": "x"}"#)
        #expect(!usual.stream && usual.temperature == 1 && usual.topP == 1 && usual.maximumTokens == nil)
    }

    @Test(arguments: [
        (#"{"n": 2}"#, "n"), (#"{"best_of": 3}"#, "best_of"),
        (#"{"presence_penalty": 0.5}"#, "presence_penalty"),
        (#"{"frequency_penalty": -1}"#, "frequency_penalty"), (#"{"echo": true}"#, "echo"),
        (#"{"suffix": "x"}"#, "suffix"),
        (#"{"response_format": {"type": "json_object"}}"#, "response_format"),
        (#"{"logit_bias": {"5": 1}}"#, "logit_bias"), (#"{"tools": [{"type": "function"}]}"#, "tools"),
        (#"{"top_k": 1}"#, "top_k"), (#"{"min_p": 0.1}"#, "min_p"), (#"{"ignore_eos": true}"#, "ignore_eos"),
        (#"{"repetition_penalty": 1.1}"#, "repetition_penalty"),
        (#"{"stop_token_ids": [3]}"#, "stop_token_ids"),
        (#"{"modalities": ["audio"]}"#, "modalities"), (#"{"temperature": 3}"#, "temperature"),
        (#"{"temperature": -0.1}"#, "temperature"), (#"{"top_p": 1.5}"#, "top_p"),
        (#"{"max_tokens": 0}"#, "max_tokens"), (#"{"stop": ["a", "b", "c", "d", "e"]}"#, "stop"),
        (#"{"top_logprobs": 21}"#, "top_logprobs"),
        (#"{"messages": [{"role": "tool", "content": "x"}]}"#, "messages.role"),
        (#"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#, "messages.content"),
    ])
    func whatWouldChangeTheTextAndIsNotDoneIsRefused(text: String, name: String) {
        let failure = #expect(throws: RequestFailure.self) { try read(text) }
        #expect(failure?.message.hasPrefix(name) == true, "\(failure?.message ?? "")")
        #expect(failure?.status == .badRequest)
    }
}
