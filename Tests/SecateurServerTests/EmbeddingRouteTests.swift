import Foundation
import Secateur
import Testing

/// The routes of text-embeddings-inference and OpenAI's embeddings, of a server that runs.
@Suite struct EmbeddingRouteTests {
    private static let texts = [
        "the cat sits on a mat", "many birds", "a red house near the old tree and one dog",
    ]

    private func numbers(_ value: Any?) -> [Float] {
        (value as? [Any] ?? []).compactMap { ($0 as? NSNumber)?.floatValue }
    }

    private func json(_ texts: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
    }

    @Test func embeddingsAreTheModels() throws {
        let server = try RunningServer()
        let expected = try Model("\(server.folder)/embed", threads: 1).embed(Self.texts)
        let inputs = try json(Self.texts)
        let answer = try server.ask("/embed", #"{"inputs": \#(inputs)}"#)
        #expect(answer.status == 200 && answer.list.map(numbers) == expected, "\(answer.text)")
        for header in [
            "x-compute-time", "x-total-time", "x-queue-time", "x-inference-time", "x-tokenization-time",
        ] {
            #expect(Int(answer.headers[header] ?? "") != nil, "\(header)")
        }
        #expect(answer.headers["x-compute-type"] == "cpu" && answer.headers["x-compute-characters"] == "72")
        #expect(try server.ask("/", #"{"inputs": "many birds"}"#).list.map(numbers) == [expected[1]])

        // Not normalized: of the same direction.
        let raw = numbers(
            try server.ask("/embed", #"{"inputs": "many birds", "normalize": false}"#).list.first)
        let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(length - 1) > 0.01)
        #expect(zip(raw, expected[1]).allSatisfy { abs($0 / length - $1) < 1e-6 })

        // The first features, of length 1 again.
        let short = numbers(
            try server.ask("/embed", #"{"inputs": "many birds", "dimensions": 8}"#).list.first)
        #expect(short.count == 8 && abs(short.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)

        // Every token's.
        let all = try server.ask("/embed_all", #"{"inputs": ["many birds"]}"#).list
        #expect((all.first as? [Any])?.count == 4)

        // Similarities are products of embeddings.
        let similar = try server.ask(
            "/similarity", #"{"inputs": {"source_sentence": "many birds", "sentences": \#(inputs)}}"#)
        let products = expected.map { zip($0, expected[1]).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(
            zip(numbers(similar.list), products).allSatisfy { abs($0 - $1) < 1e-6 } && similar.list.count == 3
        )
        let root = try server.ask(
            "/", #"{"inputs": {"source_sentence": "many birds", "sentences": \#(inputs)}}"#)
        #expect(root.list.count == 3)
    }

    @Test func openAIsEmbeddings() throws {
        let server = try RunningServer()
        let model = try Model("\(server.folder)/embed", threads: 1)
        let expected = try model.embed(Self.texts)
        func embeddings(_ answer: RunningServer.Answer) -> [Any] {
            (answer.object["data"] as? [[String: Any]] ?? []).compactMap { $0["embedding"] }
        }
        let answer = try server.ask("/v1/embeddings", #"{"input": \#(json(Self.texts)), "model": "embed"}"#)
        #expect(embeddings(answer).map(numbers) == expected)
        #expect(answer.object["object"] as? String == "list" && answer.object["model"] as? String == "embed")
        let tokens = Self.texts.map(model.tokens(of:))
        let count = tokens.joined().count
        #expect(
            (answer.object["usage"] as? [String: Int]) == ["prompt_tokens": count, "total_tokens": count])

        let ids = String(decoding: try JSONEncoder().encode(tokens), as: UTF8.self)
        #expect(embeddings(try server.ask("/v1/embeddings", #"{"input": \#(ids)}"#)).map(numbers) == expected)
        let base64 = try server.ask(
            "/v1/embeddings", #"{"input": "many birds", "encoding_format": "base64", "dimensions": 32}"#)
        let data = Data(base64Encoded: try #require(embeddings(base64).first as? String)) ?? Data()
        let floats = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        #expect(floats == expected[1])

        let models = try server.ask("/v1/models").object["data"] as? [[String: Any]]
        #expect(models?.compactMap { $0["id"] as? String } == ["embed", "rank", "classes", "write"])
        #expect(try server.ask("/v1/models/rank").object["id"] as? String == "rank")

        for (body, status, parameter) in [
            (#"{"input": "", "model": "embed"}"#, 400, nil), (#"{"input": []}"#, 400, "input"),
            (#"{"input": [[1, 99]]}"#, 400, nil), (#"{"input": "a", "model": "nobody"}"#, 404, "model"),
            (#"{"input": "a", "model": "write"}"#, 424, "model"),
            (#"{"input": "a", "dimensions": 33}"#, 400, "dimensions"),
            (#"{"input": "a", "encoding_format": "int8"}"#, 400, "encoding_format"), (#"{}"#, 400, "input"),
            (#"{"input": 5}"#, 400, "input"), (#"{"#, 400, nil),
        ] {
            let refused = try server.ask("/v1/embeddings", body)
            let error = refused.object["error"] as? [String: Any]
            #expect(refused.status == status, "\(body): \(refused.text)")
            #expect((error?["message"] as? String)?.isEmpty == false)
            if let parameter { #expect(error?["param"] as? String == parameter, "\(body): \(refused.text)") }
        }
    }

    @Test func pairsAreRankedAndTextsClassified() throws {
        let server = try RunningServer()
        let (ranker, classifier) = (
            try Model("\(server.folder)/rank", threads: 1), try Model("\(server.folder)/classes", threads: 1)
        )
        let scores = try ranker.rank(Self.texts, for: "one old dog")
        let raw = try server.ask(
            "/rerank",
            #"{"query": "one old dog", "texts": \#(json(Self.texts)), "raw_scores": true, "return_text": true}"#
        )
        let ranks = raw.list.compactMap { $0 as? [String: Any] }
        #expect(ranks.count == 3)
        for rank in ranks {
            let index = try #require(rank["index"] as? Int)
            #expect((rank["score"] as? NSNumber)?.floatValue == scores[index])
            #expect(rank["text"] as? String == Self.texts[index])
        }
        let order = ranks.compactMap { ($0["score"] as? NSNumber)?.floatValue }
        #expect(order == order.sorted(by: >))
        let usual = try server.ask("/rerank", #"{"query": "one old dog", "texts": \#(json(Self.texts))}"#)
            .list
        #expect((usual.first as? [String: Any])?["text"] == nil)
        let probability = ((usual.first as? [String: Any])?["score"] as? NSNumber)?.floatValue ?? -1
        #expect(abs(probability - 1 / (1 + exp(-order[0]))) < 1e-6)

        let logits = try classifier.logits(of: Self.texts)
        let classes = try server.ask(
            "/predict",
            #"{"model": "classes", "raw_scores": true, "inputs": [["\#(Self.texts[0])"], ["many birds", "one dog"]]}"#
        )
        let lists = classes.list.compactMap { $0 as? [[String: Any]] }
        #expect(lists.map(\.count) == [3, 3])
        for prediction in lists.first ?? [] {
            let label = try #require((prediction["label"] as? String)?.last.flatMap { Int(String($0)) })
            #expect((prediction["score"] as? NSNumber)?.floatValue == logits[0][label])
        }
        let single = try server.ask("/predict", #"{"model": "classes", "inputs": "many birds"}"#).list
        let total = single.compactMap { (($0 as? [String: Any])?["score"] as? NSNumber)?.floatValue }.reduce(
            0, +)
        #expect(single.count == 3 && abs(total - 1) < 1e-6)
        #expect(
            try server.ask("/rerank", #"{"model": "classes", "query": "a", "texts": ["b"]}"#).status == 424)
    }

    @Test func whatClassesAreAskedForIsInRange() throws {
        let server = try RunningServer(models: ["classes"])
        func predict(_ parameters: String) throws -> RunningServer.Answer {
            try server.ask("/predict", #"{"inputs": "a dog", "parameters": {\#(parameters)}}"#)
        }
        #expect(try predict(#""top_k": 2"#).list.count == 2)
        #expect(try predict(#""top_k": -1"#).status == 422)
        #expect(try predict(#""function_to_apply": "sigmoid""#).status == 422)
        #expect(try predict(#""function_to_apply": "softmax""#).list.count == 3)
    }

    @Test func textsThatAreTooLongAreCutOrRefused() throws {
        let server = try RunningServer(["--max-client-batch-size", "2", "--auto-truncate", "false"])
        let model = try Model("\(server.folder)/embed", threads: 1)
        let words = Array(repeating: "cat dog bird", count: 40).joined(separator: " ")
        let refused = try server.ask("/embed", #"{"inputs": "\#(words)"}"#)
        #expect(refused.status == 413 && refused.object["error_type"] as? String == "Validation")
        #expect((refused.object["error"] as? String)?.contains("at most 64 tokens. Given: 122") == true)
        let cut = try server.ask("/embed", #"{"inputs": "\#(words)", "truncate": true}"#)
        #expect(numbers(cut.list.first) == (try model.embed([words])[0]))
        // Of the left end, what is new at the right is kept.
        let left = try server.ask(
            "/embed", #"{"inputs": "\#(words) old", "truncate": true, "truncation_direction": "Left"}"#)
        let last = Array(repeating: "cat dog bird", count: 21).joined(separator: " ").split(separator: " ")
            .suffix(61)
        #expect(numbers(left.list.first) == (try model.embed([last.joined(separator: " ") + " old"])[0]))

        let many = try server.ask("/embed", #"{"inputs": ["a", "b", "c"]}"#)
        #expect(many.status == 413)
        #expect(many.object["error"] as? String == "batch size 3 > maximum allowed batch size 2")
        for (path, body, status) in [
            ("/embed", #"{"inputs": ""}"#, 400), ("/embed", #"{"inputs": []}"#, 400),
            ("/embed", "nonsense", 400),
            ("/embed", #"{"inputs": 5}"#, 422), ("/embed", "{}", 422),
            ("/embed", #"{"inputs": "a", "dimensions": 0}"#, 422),
            ("/embed", #"{"inputs": "a", "prompt_name": "query"}"#, 424),
            ("/rerank", #"{"query": "a"}"#, 422),
            ("/embed", #"{"inputs": "a", "truncation_direction": "up"}"#, 422), ("/nowhere", "{}", 404),
            ("/embed", #"{"inputs": "a", "model": "nobody"}"#, 404),
        ] {
            let answer = try server.ask(path, body)
            #expect(answer.status == status, "\(path) \(body): \(answer.status) \(answer.text)")
        }
        let bytes = Data("{\"inputs\": \"".utf8) + Data([0xFF, 0xFE]) + Data("\"}".utf8)
        #expect(try server.ask("/embed", data: bytes).status == 400)
    }

    @Test func tokensAreShown() throws {
        let server = try RunningServer()
        let answer = try server.ask("/tokenize", #"{"inputs": "many birds"}"#)
        let tokens = (answer.list.first as? [[String: Any]]) ?? []
        #expect(tokens.compactMap { $0["id"] as? Int } == [2, 28, 1, 3], "\(answer.text)")
        #expect(tokens.compactMap { $0["special"] as? Bool } == [true, false, false, true])
        #expect(tokens.compactMap { $0["text"] as? String } == ["[CLS]", "many", "[UNK]", "[SEP]"])
        let bare = try server.ask("/tokenize", #"{"inputs": ["many"], "add_special_tokens": false}"#)
        #expect((bare.list.first as? [Any])?.count == 1)
        #expect(try server.ask("/decode", #"{"ids": [5, 0]}"#).list as? [String] == ["abca"])
        #expect(try server.ask("/decode", #"{"ids": [[5], [1, 1]]}"#).list as? [String] == ["abc", "bb"])
        let information = try server.ask("/info").object
        #expect(
            information["model_id"] as? String == "embed" && information["max_input_length"] as? Int == 64)
    }
}
