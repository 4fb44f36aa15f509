import Evaluation
import Foundation
import Levels
import Tensors
import Testing
import TinyModels

@testable import Secateur

/// Texts that are continued together.
@Suite struct TextBatchTests {
    private static let prompts: [[Int32]] = [
        [5], [2, 4, 1], (0..<200).map { Int32($0 % 6) }, [2, 4, 1, 0], (0..<131).map { Int32($0 % 5) },
        [1, 1], [5, 2, 4, 0],
    ]

    private func withModel(_ precision: Precision, threads: Int, _ body: (Model) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "secateur-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try TinyDecoder.write(to: folder.path, seed: 3, hidden: 32)
        let configuration = folder.appendingPathComponent("config.json")
        let text = try String(contentsOf: configuration, encoding: .utf8)
        try Data(
            text.replacing("\"max_position_embeddings\": 64", with: "\"max_position_embeddings\": 512").utf8
        )
        .write(to: configuration)
        try body(Model(folder.path, precision: precision, threads: threads))
    }

    private func request(_ prompt: [Int32], tokens: Int = 40, alternatives: Int? = nil) -> TextBatch.Request {
        TextBatch.Request(
            prompt: prompt, sampler: Sampler(temperature: 1.5, topP: 0.9, seed: UInt64(prompt.count)),
            maximumTokens: tokens, alternatives: alternatives)
    }

    /// What each request gets of a batch, by its number; a request joins as soon as there is room.
    private func texts(_ batch: TextBatch, _ requests: [TextBatch.Request]) -> [[Int32]] {
        var waiting = Array(requests.enumerated())[...]
        var numbers: [TextBatch.ID: Int] = [:]
        var texts = requests.map { _ in [Int32]() }
        while !waiting.isEmpty || !batch.isEmpty {
            while batch.hasRoom, let (number, request) = waiting.popFirst() {
                numbers[batch.add(request)] = number
            }
            for event in batch.step() {
                if let token = event.token { texts[numbers[event.text] ?? 0].append(token) }
            }
        }
        return texts
    }

    @Test(arguments: [Precision.float32, .int8, .int4], [1, 2])
    func whatATextGetsDependsOnItsRequestAlone(precision: Precision, threads: Int) throws {
        try withModel(precision, threads: threads) { model in
            let requests = Self.prompts.map { request($0) }
            let alone = try requests.map { try texts(model.textBatch(places: 1, capacity: 300), [$0])[0] }
            #expect(alone.allSatisfy { !$0.isEmpty } && Set(alone).count > 1)
            for places in [2, 3, 6] {
                let batch = try model.textBatch(places: places, capacity: 300)
                #expect(texts(batch, requests) == alone)
                // Again, on what is kept of the prompts.
                #expect(texts(batch, requests.reversed()) == alone.reversed())
                if places == 6 { #expect(batch.reusedTokens > 300) }
            }
        }
    }

    @Test func aPromptThatGoesOnIsComputedFromWhereItDiffers() throws {
        try withModel(.int8, threads: 1) { model in
            let prompt = Self.prompts[2]
            let batch = try model.textBatch(places: 2, capacity: 400)
            _ = texts(batch, [request(prompt)])
            #expect(batch.reusedTokens == 0)
            let longer = request(prompt + [1, 2, 4, 0, 1])
            let found = texts(batch, [longer])
            #expect(batch.reusedTokens == 200)
            #expect(try found == texts(model.textBatch(places: 1, capacity: 400), [longer]))
            // The same prompt again: two tokens are left to compute.
            _ = texts(batch, [longer])
            #expect(batch.reusedTokens == 200 + 203)
        }
    }

    @Test func conversationsThatBeginAlikeKeepTheirOwn() throws {
        try withModel(.int8, threads: 1) { model in
            let prompts = [3, 4].map { period in [4, 1] + (0..<60).map { Int32($0 % period) } }
            let batch = try model.textBatch(places: 4, capacity: 200)
            for _ in 0..<3 {
                for prompt in prompts { _ = texts(batch, [request(prompt, tokens: 3)]) }
            }
            // Both are there after the first time, but for the two tokens that are always computed.
            #expect(batch.reusedTokens == 4 * 60)
        }
    }

    @Test func textsEndAtTheirLengthAndTheirRoom() throws {
        try withModel(.float32, threads: 1) { model in
            let batch = try model.textBatch(places: 2, capacity: 12)
            let found = texts(batch, [request([2, 4, 1], tokens: 5), request([2, 4, 1], tokens: 100)])
            #expect(found[0].count <= 5 && found[1].count <= 9 && found[1].starts(with: found[0]))
            let id = batch.add(request([1, 2], tokens: 100))
            _ = batch.step()
            batch.remove(id)
            #expect(batch.isEmpty && batch.hasRoom)
        }
    }

    @Test func probabilitiesAreOfTheLogits() throws {
        try withModel(.float32, threads: 1) { model in
            let batch = try model.textBatch(places: 1, capacity: 60)
            _ = batch.add(
                TextBatch.Request(
                    prompt: [2, 4], sampler: Sampler(), maximumTokens: 1, alternatives: 64))
            let event = try #require(batch.step().first)
            let probabilities = try #require(event.probabilities)
            #expect(event.ending == .length && probabilities.likeliest.count == 64)
            #expect(probabilities.likeliest[0].id == event.token)
            #expect(probabilities.likeliest[0].logProbability == probabilities.logProbability)
            let total = probabilities.likeliest.reduce(0) { $0 + exp($1.logProbability) }
            #expect(abs(total - 1) < 1e-9)
        }
    }
}
