import Foundation
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
        #expect(try configuration.hiddenSize == 384)
        #expect(try configuration.layerCount == 6)
        #expect(try configuration.attentionHeadCount == 12)
        #expect(try configuration.intermediateSize == 1_536)
        #expect(try configuration.vocabularySize == 30_522)
        #expect(try configuration.maximumPositions == 512)
        #expect(try configuration.typeVocabularySize == 2)
        #expect(try configuration.layerNormEpsilon == 1e-12)
        #expect(try configuration.hiddenActivation == "gelu")
        #expect(try configuration.json == Data(contentsOf: URL(fileURLWithPath: configuration.path)))
    }

    @Test func impossibleValuesAreRefused() throws {
        func message(_ json: String, _ read: (ModelConfiguration) throws -> Any) throws -> String? {
            let configuration = try configuration(json)
            return #expect(throws: ModelFileError.self) { _ = try read(configuration) }?.message
        }
        #expect(
            try message(#"{"hidden_size":384,"num_attention_heads":7}"#) { try $0.hiddenSize }
                == "'num_attention_heads': found 7, allowed a divisor of hidden_size, which is 384")
        #expect(
            try message(#"{"hidden_size":384,"num_attention_heads":0}"#) { try $0.attentionHeadCount }
                == "'num_attention_heads': found 0, allowed an integer from 1 to 4096")
        #expect(
            try message(#"{"num_hidden_layers":9223372036854775807}"#) { try $0.layerCount }
                == "'num_hidden_layers': found 9223372036854775807, allowed an integer from 1 to 4096")
        #expect(
            try message("{}") { try $0.vocabularySize }?.hasPrefix("'vocab_size': found nothing, allowed")
                == true)
        #expect(
            try message(#"{"layer_norm_eps":0}"#) { try $0.layerNormEpsilon }?.contains("found 0, allowed")
                == true)
        #expect(
            try message(#"{"hidden_act":null}"#) { try $0.hiddenActivation }
                == "'hidden_act': found nothing, allowed a string")
        #expect(
            try message(#"{"architectures":[1]}"#) { try $0.architectures }?.contains("a list of strings")
                == true)
        #expect(try configuration("{}").architectures == [])
    }

    @Test(arguments: ["", "[]", "{\"a\":NaN}", "{\"a\":1,\"a\":2}"])
    func malformedFileNamesItself(json: String) throws {
        let error = #expect(throws: ModelFileError.self) { try configuration(json) }
        #expect(error?.description.contains("/config.json: ") == true)
    }
}
