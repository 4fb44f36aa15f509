import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct ModelConfigurationTests {
    private func configuration(_ json: String) throws -> ModelConfiguration {
        let folder = try TemporaryFolder()
        _ = try folder.file(Data(json.utf8), name: "config.json")
        return try ModelConfiguration(folder: folder.path)
    }

    @Test(.enabled(if: MiniLM.isPresent, "models/minilm is absent; set SECATEUR_MODELS"))
    func miniLM() throws {
        let configuration = try ModelConfiguration(folder: MiniLM.folder)
        #expect(try configuration.modelType == "bert")
        #expect(try configuration.architectures == ["BertModel"])
        #expect(try configuration.integer("hidden_size", in: 1...1_000) == 384)
        #expect(try configuration.number("layer_norm_eps", in: 0...1, default: 1) == 1e-12)
        #expect(try configuration.string("hidden_act", default: "relu") == "gelu")
        #expect(try configuration.json == Data(contentsOf: URL(fileURLWithPath: configuration.path)))
    }

    @Test func impossibleValuesAreRefused() throws {
        func message(_ json: String, _ read: (ModelConfiguration) throws -> Any) throws -> String? {
            let configuration = try configuration(json)
            return #expect(throws: Levels.Issue.self) { _ = try read(configuration) }?.description
                .replacing("\(configuration.path): ", with: "")
        }
        #expect(
            try message(#"{"heads":0}"#) { try $0.integer("heads", in: 1...8, default: 2) }
                == "'heads': found 0, allowed an integer from 1 to 8")
        #expect(
            try message(#"{"blocks":9223372036854775807}"#) { try $0.integer("blocks", in: 1...8) }
                == "'blocks': found 9223372036854775807, allowed an integer from 1 to 8")
        #expect(
            try message("{}") { try $0.integer("vocab_size", in: 1...8) }?.hasPrefix(
                "'vocab_size': found nothing, allowed") == true)
        #expect(
            try message(#"{"epsilon":0}"#) { try $0.number("epsilon", in: 1e-9...1, default: 1) }?.contains(
                "found 0, allowed") == true)
        #expect(
            try message(#"{"act":1}"#) { try $0.string("act", default: "gelu") }
                == "'act': found 1, allowed a string")
        #expect(
            try message(#"{"architectures":[1]}"#) { try $0.architectures }?.contains("a list of strings")
                == true)
        #expect(try configuration("{}").architectures == [])
        #expect(try configuration(#"{"a":null}"#).integer("a", in: 1...8, default: 3) == 3)
    }

    @Test(arguments: ["", "[]", "{\"a\":NaN}", "{\"a\":1,\"a\":2}"])
    func malformedFileNamesItself(json: String) throws {
        let error = #expect(throws: Levels.Issue.self) { try configuration(json) }
        #expect(error?.description.contains("/config.json: ") == true)
    }
}
