import Foundation
import Levels
import ModelFiles
import Tensors
import Testing

@testable import Transformers

/// Embeddings by the modules of sentence-transformers folders, against sums by hand over the encoder's hidden
/// states.
@Suite struct SentenceModulesTests {
    private let sequences: [[Int32]] = [[2, 5, 6, 7, 3], [2, 3], [2, 8, 9, 3]]
    private let pool = ThreadPool()

    /// A folder of the library's version 2 to 5, or of version 6.
    private struct Folder {
        var types = ["Transformer", "Pooling", "Normalize"].map { "sentence_transformers.models.\($0)" }
        var pooling = "{\"pooling_mode\": \"mean\"}"
        var dense = "{}"

        func write(to folder: String) throws {
            let list = types.enumerated().map { index, type in
                let path = index == 0 ? "" : "\(index)_\(type.split(separator: ".").last ?? "")"
                return
                    "{\"idx\": \(index), \"path\": \"\(path)\", \"type\": \"\(type)\"}"
            }
            try text("[\(list.joined(separator: ", "))]", "\(folder)/modules.json")
            for (index, type) in types.enumerated() where type.hasSuffix("Pooling") || type.hasSuffix("Dense")
            {
                let module = "\(folder)/\(index)_\(type.split(separator: ".").last ?? "")"
                try FileManager.default.createDirectory(atPath: module, withIntermediateDirectories: true)
                try text(type.hasSuffix("Dense") ? dense : pooling, "\(module)/config.json")
            }
        }

        private func text(_ text: String, _ path: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
    }

    private func embeddings(_ folder: String, promptTokens: Int = 0) throws -> Matrix {
        var model = try Encoder(folder: folder)
        model.sentences = try SentenceModules(
            folder: folder, hidden: RandomBERT.hidden, promptTokens: promptTokens)
        return model.embed(sequences, pool: pool)
    }

    /// Hidden states [token][feature] of each sequence.
    private func states(_ folder: String) throws -> [[[Float]]] {
        let model = try Encoder(folder: folder)
        return sequences.map { sequence in
            let batch = TokenBatch([sequence])
            let workspace = EncoderWorkspace(
                model.dimensions, tokens: batch.tokens, threads: 1, longest: sequence.count)
            model.forward(batch, workspace: workspace, pool: pool)
            return sequence.indices.map { token in
                (0..<RandomBERT.hidden).map { workspace.hidden[$0, token] }
            }
        }
    }

    private func expect(_ found: Matrix, _ expected: [[Float]], _ comment: String) {
        #expect(found.rows == expected.count, "\(comment)")
        for (row, vector) in expected.enumerated() {
            #expect(found.columns == vector.count, "\(comment)")
            for (a, b) in zip(found.row(row), vector) { #expect(abs(a - b) < 2e-6, "\(comment)") }
        }
    }

    /// A weighted sum of token vectors.
    private static func sum(_ tokens: [[Float]], _ weights: [Float]) -> [Float] {
        (0..<RandomBERT.hidden).map { feature in
            zip(tokens, weights).reduce(0) { $0 + $1.0[feature] * $1.1 }
        }
    }

    private static let definitions: [(name: String, vector: @Sendable ([[Float]]) -> [Float])] = [
        ("cls", { $0[0] }),
        ("max", { tokens in (0..<RandomBERT.hidden).map { f in tokens.map { $0[f] }.max() ?? 0 } }),
        ("mean", { sum($0, $0.map { _ in 1 }).map { [n = Float($0.count)] in $0 / n } }),
        (
            "mean_sqrt_len_tokens",
            { sum($0, $0.map { _ in 1 }).map { [n = Float($0.count)] in $0 / n.squareRoot() } }
        ),
        (
            "weightedmean",
            { tokens in
                let weights = tokens.indices.map { Float($0 + 1) }
                return sum(tokens, weights).map { $0 / weights.reduce(0, +) }
            }
        ),
        ("lasttoken", { $0[$0.count - 1] }),
    ]

    @Test func eachModeOfBothFormats() throws {
        let flags = [
            "cls": "cls_token", "max": "max_tokens", "mean": "mean_tokens",
            "mean_sqrt_len_tokens": "mean_sqrt_len_tokens", "weightedmean": "weightedmean_tokens",
            "lasttoken": "lasttoken",
        ]
        try RandomBERT(seed: 3).inFolder { folder in
            let states = try states(folder)
            for (name, vector) in Self.definitions {
                var written = Folder()
                written.types.removeLast()
                written.pooling = "{\"embedding_dimension\": 32, \"pooling_mode\": \"\(name)\"}"
                try written.write(to: folder)
                expect(try embeddings(folder), states.map(vector), name)
                let old = flags.map { "\"pooling_mode_\($1)\": \($0 == name)" }.joined(separator: ", ")
                written.pooling = "{\"word_embedding_dimension\": 32, \(old)}"
                try written.write(to: folder)
                expect(try embeddings(folder), states.map(vector), "\(name) as a flag")
            }
        }
    }

    @Test func severalModesStandEndToEndAndAreNormalizedTogether() throws {
        try RandomBERT(seed: 3).inFolder { folder in
            var written = Folder()
            written.pooling = "{\"pooling_mode\": [\"lasttoken\", \"mean\"]}"
            try written.write(to: folder)
            let expected = try states(folder).map { tokens -> [Float] in
                let pooled = tokens[tokens.count - 1] + Self.definitions[2].vector(tokens)
                let length = pooled.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return pooled.map { $0 / length }
            }
            expect(try embeddings(folder), expected, "two modes")
        }
    }

    @Test func tokensOfAPromptCanBeLeftOut() throws {
        try RandomBERT(seed: 3).inFolder { folder in
            var written = Folder()
            written.types.removeLast()
            for (name, vector) in Self.definitions where name != "weightedmean" {
                written.pooling = "{\"pooling_mode\": \"\(name)\", \"include_prompt\": false}"
                try written.write(to: folder)
                // The second sequence has two tokens, of which one is always left.
                let expected = try states(folder).map { vector(Array($0.dropFirst(min(2, $0.count - 1)))) }
                expect(try embeddings(folder, promptTokens: 2), expected, name)
            }
            written.pooling = "{\"pooling_mode\": \"weightedmean\", \"include_prompt\": false}"
            try written.write(to: folder)
            let expected = try states(folder).map { tokens -> [Float] in
                let weights = tokens.indices.map { $0 < min(2, tokens.count - 1) ? 0 : Float($0 + 1) }
                return Self.sum(tokens, weights).map { $0 / weights.reduce(0, +) }
            }
            expect(try embeddings(folder, promptTokens: 2), expected, "positions stay those of the whole")
        }
    }

    @Test(
        arguments: ["torch.nn.modules.activation.Tanh", "torch.nn.modules.linear.Identity"], [true, false])
    func dense(activation: String, bias: Bool) throws {
        try RandomBERT(seed: 3).inFolder { folder in
            var written = Folder()
            // As version 6 names them.
            written.types = [
                "sentence_transformers.base.modules.transformer.Transformer",
                "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
                "sentence_transformers.base.modules.dense.Dense",
            ]
            written.dense = """
                {"in_features": 32, "out_features": 2, "bias": \(bias),
                 "activation_function": "\(activation)",
                 "module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}
                """
            try written.write(to: folder)
            let weight = (0..<64).map { Float($0 % 7) / 10 - 0.3 }
            var tensors = [SafetensorsTensor(name: "linear.weight", shape: [2, 32], floats: weight)]
            if bias { tensors.append(SafetensorsTensor(name: "linear.bias", shape: [2], floats: [0.5, -1])) }
            try SafetensorsWriter.write(tensors, metadata: [:], to: "\(folder)/2_Dense/model.safetensors")
            let expected = try states(folder).map { tokens -> [Float] in
                let x = Self.definitions[2].vector(tokens)
                return (0..<2).map { row in
                    let sum = (0..<32).reduce(bias ? [0.5, -1][row] : 0) {
                        $0 + weight[row * 32 + $1] * x[$1]
                    }
                    return activation.hasSuffix("Tanh") ? tanh(sum) : sum
                }
            }
            expect(try embeddings(folder), expected, activation)
        }
    }

    @Test func aFolderWithoutAListHasMeansOfLengthOne() throws {
        try RandomBERT(seed: 3).inFolder { folder in
            #expect(
                try SentenceModules(folder: folder, hidden: 32, promptTokens: 0) == SentenceModules.standard)
            let standard = try embeddings(folder)
            try Folder().write(to: folder)
            #expect(try embeddings(folder) == standard)
        }
    }

    @Test func whatIsNotComputedIsRefusedByName() throws {
        let models = "sentence_transformers.models."
        let cases: [(types: [String], pooling: String, dense: String, says: [String])] = [
            (
                ["Transformer", "WordWeights", "Pooling"], "{}", "{}",
                ["modules.json", "WordWeights", "Normalize"]
            ),
            (["Transformer"], "{}", "{}", ["modules.json", "no Pooling"]),
            (["Transformer", "Normalize", "Pooling"], "{}", "{}", ["modules.json", "Normalize"]),
            (
                ["Transformer", "Pooling"], "{\"pooling_mode\": \"median\"}", "{}",
                ["1_Pooling", "median", "cls"]
            ),
            (
                ["Transformer", "Pooling"], "{\"pooling_mode_new\": true}", "{}",
                ["pooling_mode_new", "lasttoken"]
            ),
            (["Transformer", "Pooling"], "{\"embedding_dimension\": 8}", "{}", ["8", "32"]),
            (
                ["Transformer", "Pooling", "Dense"], "{}",
                "{\"in_features\": 32, \"out_features\": 2, \"activation_function\": \"torch.nn.ReLU\"}",
                ["2_Dense", "torch.nn.ReLU", "Tanh"]
            ),
            (
                ["Transformer", "Pooling", "Dense"], "{}",
                "{\"in_features\": 32, \"out_features\": 2, \"use_residual\": true}", ["use_residual"]
            ),
            (
                ["Transformer", "Pooling", "Dense"], "{}",
                "{\"in_features\": 31, \"out_features\": 2}", ["in_features", "31", "32"]
            ),
            (
                ["Transformer", "Pooling", "Dense"], "{}",
                "{\"in_features\": 32, \"out_features\": 2, \"module_input_name\": \"token_embeddings\"}",
                ["module_input_name", "token_embeddings", "sentence_embedding"]
            ),
        ]
        for (types, pooling, dense, says) in cases {
            try RandomBERT(seed: 3).inFolder { folder in
                try Folder(types: types.map { models + $0 }, pooling: pooling, dense: dense).write(to: folder)
                let error = #expect(throws: Levels.Issue.self) {
                    try SentenceModules(folder: folder, hidden: 32, promptTokens: 0)
                }
                for text in says {
                    #expect("\(error?.description ?? "")".contains(text), "\(types), \(says)")
                }
            }
        }
    }

    @Test(arguments: ["../elsewhere", "/etc", "a/../../b"])
    func aPathThatLeavesTheFolderIsRefused(_ path: String) throws {
        try RandomBERT(seed: 3).inFolder { folder in
            try Data("[{\"path\": \"\(path)\", \"type\": \"x\"}]".utf8).write(
                to: URL(fileURLWithPath: "\(folder)/modules.json"))
            #expect(throws: Levels.Issue.self) { try SentenceFolder(folder) }
        }
    }
}
