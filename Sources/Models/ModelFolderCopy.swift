import Foundation
import ModelFiles
import Transformers

/// What a model folder has besides its weights, which a pruned model takes along.
package enum ModelFolderCopy {
    /// Files that transformers and sentence-transformers read, with those of earlier versions.
    private static let names = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
        "vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
        "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "chat_template.json", "modules.json", "config_sentence_transformers.json",
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
        "sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
        "sentence_xlnet_config.json",
    ]
    /// Folders that are copied with all that is in them.
    private static let folders = ["additional_chat_templates"]

    /// Copies them, as ordinary files, to a folder that is there.
    /// - Throws: `Issue` for a file that cannot be read or written.
    package static func copy(from source: String, to folder: String) throws {
        let modules = try SentenceFolder(source).modulePaths
        let below = try (modules + folders).filter { PlainFile.isTaken("\(source)/\($0)") }.flatMap { path in
            try PlainFile.paths(below: "\(source)/\(path)").map { "\(path)/\($0)" }
        }
        let top = names.filter { PlainFile.isTaken("\(source)/\($0)") }
        for name in Set(top + below).sorted() {
            let target = "\(folder)/\(name)"
            try PlainFile.makeFolder(URL(fileURLWithPath: target).deletingLastPathComponent().path)
            try PlainFile.copy("\(source)/\(name)", to: target)
        }
    }
}
