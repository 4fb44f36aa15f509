import Evaluation
import Levels
import Models
import Search
import SparseKernels

/// How many tokens the texts of a file have, for a model.
struct TextLengths: Encodable, CustomStringConvertible {
    /// The file, or the folder of documents and queries.
    let file: String
    /// Of each text.
    let tokens: [Int]

    /// Reads and tokenizes.
    /// - Throws: `Issue` for a language model, and for a file that is missing or malformed.
    init(file: String, of model: some SearchableModel) throws {
        guard let encoder = model as? EncoderModel else {
            throw Issue(
                .unsupported, .option("lengths"), found: "a language model", allowed: "an encoder",
                advice: "`--tokens` says how long its sequences are")
        }
        self.file = file
        tokens = encoder.sentences.encode(try Self.texts(file)).map(\.count)
    }

    private static func texts(_ file: String) throws -> [String] {
        guard RetrievalData.isAt(file) else { return try Datasets.sentences(path: file) }
        let data = try RetrievalData(folder: file)
        return data.documents + data.queries
    }

    /// `17900 texts of text.txt: 31 tokens, mean 40.3, p95 110`
    var description: String {
        let percentiles = Percentiles(tokens.map(Double.init))
        return "\(tokens.count.counted("text")) of \(file): \(Int(percentiles.median).counted("token")), "
            + "mean \(Terminal.decimal(mean, 1)), p95 \(Int(percentiles[95]))"
    }

    private var mean: Double { Double(tokens.reduce(0, +)) / Double(tokens.count) }

    private enum CodingKeys: String, CodingKey {
        case file, texts, medianTokens, meanTokens, p95Tokens
    }

    /// Writes what is said of them, not each.
    func encode(to encoder: any Encoder) throws {
        let percentiles = Percentiles(tokens.map(Double.init))
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(file, forKey: .file)
        try values.encode(tokens.count, forKey: .texts)
        try values.encode(percentiles.median, forKey: .medianTokens)
        try values.encode(mean, forKey: .meanTokens)
        try values.encode(percentiles[95], forKey: .p95Tokens)
    }
}
