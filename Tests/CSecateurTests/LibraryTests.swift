import CSecateur
import Foundation
import Secateur
import SecateurHeader
import Testing
import TinyModels

/// The C library as a C program calls it.
@Suite struct LibraryTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "secateur-c-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func opened(_ path: String) throws -> OpaquePointer {
        var model: OpaquePointer?
        #expect(secateur_model_open(path, nil, 1, &model) == SECATEUR_OK)
        return try #require(model)
    }

    /// Calls with addresses of texts that end with a zero byte.
    private func withTexts<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Result
    ) throws -> Result {
        let copies = texts.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        let addresses = copies.map { $0.map { UnsafePointer($0) } }
        return try addresses.withUnsafeBufferPointer { try body(try #require($0.baseAddress)) }
    }

    private var error: String { secateur_error().map { String(cString: $0) } ?? "" }

    @Test func embeddingsAreThoseOfTheLibrary() throws {
        try withFolder { folder in
            try TinyModel.write(to: folder, seed: 1)
            let model = try opened(folder)
            defer { secateur_model_close(model) }
            let texts = ["a cat sits", "the dog", "one \u{1F600} bird"]
            let expected = try Model(folder, threads: 1).embed(texts)
            let features = secateur_model_features(model)
            #expect(features == expected[0].count && secateur_model_classes(model) == 0)
            #expect(secateur_model_maximum_tokens(model) > 0 && secateur_model_size_bytes(model) > 0)
            var embeddings = [Float](repeating: .nan, count: texts.count * features)
            try withTexts(texts) {
                #expect(secateur_embed(model, $0, nil, texts.count, nil, &embeddings) == SECATEUR_OK)
                #expect(embeddings == expected.flatMap(\.self))
                // The first bytes alone are another text.
                #expect(secateur_embed(model, $0, [1, 7, 3], texts.count, nil, &embeddings) == SECATEUR_OK)
            }
            #expect(
                try embeddings == Model(folder, threads: 1).embed(["a", "the dog", "one"]).flatMap(\.self))

            // Token ids give the same, two sequences end to end.
            var (ids, counts) = ([Int32](), [Int]())
            for text in texts.prefix(2) {
                var (some, count) = ([Int32](repeating: 0, count: 64), 0)
                #expect(
                    secateur_tokenize(model, text, text.utf8.count, &some, some.count, &count) == SECATEUR_OK)
                ids += some.prefix(count)
                counts.append(count)
            }
            var ofTokens = [Float](repeating: .nan, count: 2 * features)
            #expect(secateur_embed_tokens(model, ids, counts, 2, &ofTokens) == SECATEUR_OK)
            #expect(ofTokens == expected.prefix(2).flatMap(\.self))
        }
    }

    @Test func aShortArrayTakesTheFirstIDs() throws {
        try withFolder { folder in
            try TinyModel.write(to: folder, seed: 1)
            let model = try opened(folder)
            defer { secateur_model_close(model) }
            var (ids, count) = ([Int32](repeating: -1, count: 3), 0)
            #expect(secateur_tokenize(model, "a red old house", 15, &ids, 2, &count) == SECATEUR_OK)
            #expect(count == 6 && ids[0] >= 0 && ids[1] >= 0 && ids[2] == -1)
            #expect(secateur_tokenize(model, "a red old house", 15, nil, 0, &count) == SECATEUR_OK)
            #expect(count == 6)
        }
    }

    @Test func whatIsWrongIsACodeAndALine() throws {
        var model: OpaquePointer?
        #expect(secateur_model_open("nowhere", nil, 1, &model) == SECATEUR_MISSING)
        #expect(model == nil && error == "nowhere: no such model folder")
        #expect(secateur_model_open("nowhere", "int3", 1, &model) == SECATEUR_UNSUPPORTED)
        #expect(error == "precision: found 'int3', allowed float32, bfloat16, int8, int4")
        #expect(secateur_model_open("nowhere", nil, -1, &model) == SECATEUR_OUT_OF_RANGE)
        #expect(secateur_model_open(nil, nil, 1, &model) == SECATEUR_MISSING)
        #expect(error == "path: found NULL, allowed an address")
        try withFolder { folder in
            try TinyModel.write(to: folder, seed: 1)
            let model = try opened(folder)
            defer { secateur_model_close(model) }
            var numbers = [Float](repeating: 7, count: 1000)
            let bytes: [CChar] = [-1, -2, 0]
            bytes.withUnsafeBufferPointer { bytes in
                var text = bytes.baseAddress
                #expect(secateur_embed(model, &text, nil, 1, nil, &numbers) == SECATEUR_MALFORMED)
                #expect(error == "texts[0]: found bytes that are not UTF-8, allowed UTF-8 text")
            }
            #expect(secateur_embed(model, nil, nil, 1, nil, &numbers) == SECATEUR_MISSING)
            #expect(secateur_embed(nil, nil, nil, 0, nil, &numbers) == SECATEUR_MISSING)
            #expect(secateur_embed(model, nil, nil, 0, nil, nil) == SECATEUR_OK)
            #expect(secateur_classify(model, nil, nil, 0, &numbers) == SECATEUR_UNSUPPORTED)
            #expect(secateur_generate(model, "a", 1, nil, { _, _, _ in true }, nil) == SECATEUR_UNSUPPORTED)
            // Ids and lengths that the model does not have.
            #expect(secateur_embed_tokens(model, [1, 99_999], [2], 1, &numbers) == SECATEUR_OUT_OF_RANGE)
            #expect(error.hasPrefix("tokens: sequence 0: found id 99999, allowed 0 to "))
            #expect(secateur_embed_tokens(model, [1], [0], 1, &numbers) == SECATEUR_OUT_OF_RANGE)
            #expect(numbers.allSatisfy { $0 == 7 })
            try withTexts(["a"]) {
                #expect(secateur_embed(model, $0, nil, 1, "query", &numbers) == SECATEUR_UNSUPPORTED)
            }
        }
    }

    /// What was wrong is kept for each thread.
    @Test func errorsOfThreadsDoNotMix() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    await withCheckedContinuation { done in
                        Thread {
                            for _ in 0..<200 {
                                var model: OpaquePointer?
                                #expect(
                                    secateur_model_open("none-\(number)", nil, 1, &model) == SECATEUR_MISSING)
                                let error = secateur_error().map { String(cString: $0) }
                                #expect(error == "none-\(number): no such model folder")
                            }
                            done.resume()
                        }.start()
                    }
                }
            }
        }
    }

    @Test func classifiersClassifyAndRank() throws {
        try withFolder { folder in
            for (name, classes) in [("three", 3), ("one", 1)] {
                try TinyModel.write(to: "\(folder)/\(name)", seed: 3, shape: .init(classes: classes))
            }
            let three = try opened("\(folder)/three")
            defer { secateur_model_close(three) }
            let library = try Model("\(folder)/three", threads: 1)
            let texts = ["a cat", "dog", "the red house"]
            #expect(secateur_model_classes(three) == 3 && secateur_model_features(three) == 0)
            var logits = [Float](repeating: .nan, count: 9)
            try withTexts(texts) { addresses in
                #expect(secateur_classify(three, addresses, nil, 3, &logits) == SECATEUR_OK)
                #expect(try logits == library.logits(of: texts).flatMap(\.self))
                #expect(
                    secateur_classify_pairs(three, addresses, nil, addresses, nil, 3, &logits) == SECATEUR_OK)
                #expect(
                    try logits
                        == library.logits(of: texts.map { ($0, $0) }).flatMap(\.self))
                #expect(secateur_rank(three, "a", 1, addresses, nil, 3, &logits) == SECATEUR_MISMATCH)
                let one = try opened("\(folder)/one")
                defer { secateur_model_close(one) }
                var (scores, pairs) = ([Float](repeating: 0, count: 3), [Float](repeating: 1, count: 3))
                #expect(secateur_rank(one, "a cat", 5, addresses, nil, 3, &scores) == SECATEUR_OK)
                try withTexts(["a cat", "a cat", "a cat"]) {
                    #expect(secateur_classify_pairs(one, $0, nil, addresses, nil, 3, &pairs) == SECATEUR_OK)
                }
                #expect(scores == pairs && Set(scores).count == 3)
            }
        }
    }

    private final class Pieces {
        var texts: [String] = []
        var limit = Int.max
    }

    private func generated(
        _ model: OpaquePointer, _ text: String, _ settings: secateur_generation, limit: Int = .max
    ) -> (status: secateur_status, pieces: [String]) {
        let pieces = Pieces()
        pieces.limit = limit
        let status = withUnsafePointer(to: settings) { settings in
            secateur_generate(
                model, text, text.utf8.count, settings,
                { piece, length, context in
                    guard let piece, let context else { return false }
                    let pieces = Unmanaged<Pieces>.fromOpaque(context).takeUnretainedValue()
                    let bytes = UnsafeRawBufferPointer(start: piece, count: length)
                    pieces.texts.append(String(decoding: bytes, as: UTF8.self))
                    return pieces.texts.count < pieces.limit
                }, Unmanaged.passUnretained(pieces).toOpaque())
        }
        return (status, pieces.texts)
    }

    @Test func languageModelsGenerate() async throws {
        let folder = NSTemporaryDirectory() + "secateur-c-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try TinyDecoder.write(to: folder, seed: 3)
        let model = try opened(folder)
        defer { secateur_model_close(model) }
        var settings = secateur_generation_default()
        #expect(settings.maximum_tokens == 128 && settings.temperature == 0 && settings.top_p == 1)
        (settings.maximum_tokens, settings.temperature, settings.seed) = (9, 1, 5)
        var library = Model.Generation()
        (library.maximumTokens, library.temperature, library.seed) = (9, 1, 5)
        var expected = ""
        for try await piece in try Model(folder, threads: 1).generate("the cat", library) {
            expected += piece
        }
        let made = generated(model, "the cat", settings)
        #expect(made.status == SECATEUR_OK && made.pieces.joined() == expected && made.pieces.count > 2)
        #expect(generated(model, "the cat", settings, limit: 2).pieces == Array(made.pieces.prefix(2)))
        settings.top_p = 0
        #expect(generated(model, "the cat", settings).status == SECATEUR_OUT_OF_RANGE)
        #expect(error == "topP: found 0.0, allowed more than 0 and at most 1")
    }
}
