import Foundation
import Levels
import ModelFiles
import Tensors

extension SentenceModules {
    /// Reads the modules of a folder; ``standard`` where it lists none.
    ///
    /// - Parameters:
    ///   - hidden: features of a token.
    ///   - promptTokens: first tokens of every sentence that are a prompt's, which some models do not pool.
    /// - Throws: `Issue` for a module that is not known, or stands where it may not.
    public init(folder: String, hidden: Int, promptTokens: Int) throws {
        self = try SentenceFolder(folder).read(hidden: hidden).following(promptTokens: promptTokens)
    }
}

/// The modules that `modules.json` of a sentence-transformers folder lists, versions 2 to 6 of the library
/// alike.
///
/// What is not computed here is refused, with the file, what was found and what is allowed.
public struct SentenceFolder: Sendable {
    /// A module: its class, and its folder below the model's.
    private struct Module {
        let type: String
        let path: String
    }

    private let folder: String
    private let file: String
    /// nil where the folder has no list.
    private let modules: [Module]?

    /// Reads the list.
    /// - Throws: `Issue` for a malformed list, or a path that leaves the folder.
    public init(_ folder: String) throws {
        self.folder = folder
        file = "\(folder)/modules.json"
        modules =
            FileManager.default.fileExists(atPath: file) ? try Self.list(file) : nil
    }

    private static func list(_ file: String) throws -> [Module] {
        try JSONFields.list(contentsOf: file).enumerated().map { index, element in
            let fields = try JSONFields(element, file: file, place: "\(index).")
            let path = fields.value("path") == nil ? "" : try fields.string("path")
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard path.isEmpty || !parts.contains(where: { ["", ".", ".."].contains($0) }) else {
                throw fields.wrong("path", "a folder below the model's")
            }
            return Module(type: try fields.string("type"), path: path)
        }
    }

    /// Folders of modules below the model's.
    public var modulePaths: [String] { (modules ?? []).map(\.path).filter { !$0.isEmpty } }

    private enum Kind: String, CaseIterable {
        case transformer = "Transformer"
        case pooling = "Pooling"
        case dense = "Dense"
        case normalize = "Normalize"

        /// Where versions of the library keep the class.
        private var packages: [String] {
            let now =
                self == .pooling
                ? "sentence_transformer.modules.pooling" : "base.modules.\(rawValue.lowercased())"
            return ["models", "models.\(rawValue)", now]
        }

        var types: [String] { packages.map { "sentence_transformers.\($0).\(rawValue)" } }

        static func of(_ type: String) -> Kind? { allCases.first { $0.types.contains(type) } }
    }

    /// What the modules compute from hidden states of `hidden` features, with all tokens pooled; where there
    /// is no list, ``SentenceModules/standard``.
    ///
    /// - Throws: `Issue` for a module that is not known, or stands where it may not.
    public func read(hidden: Int) throws -> SentenceModules {
        guard let modules else { return .standard }
        try requireSentences()
        var pooling: SentencePooling?
        var steps: [SentenceModules.Step] = []
        for (index, module) in modules.enumerated() {
            guard let kind = Kind.of(module.type) else {
                let allowed = Kind.allCases.map { "'\($0.types[0])'" }.joined(separator: ", ")
                throw Issue(.unsupported, .path(file), found: "module '\(module.type)'", allowed: allowed)
            }
            let isInPlace =
                switch kind {
                case .transformer: index == 0 && module.path.isEmpty
                case .pooling: index == 1
                case .dense, .normalize: index > 1
                }
            guard isInPlace else {
                throw Issue(
                    .unsupported, .path(file),
                    found: "\(kind.rawValue) as module \(index) in folder '\(module.path)'",
                    allowed: "Transformer in folder '', Pooling, then any of Dense and Normalize")
            }
            switch kind {
            case .transformer: break
            case .pooling: pooling = try Self.pooling("\(folder)/\(module.path)/config.json", hidden: hidden)
            case .normalize:
                try requireEmbeddings(of: module)
                steps.append(.normalize)
            case .dense:
                try requireEmbeddings(of: module)
                let before = SentenceModules(pooling: pooling ?? .mean, steps: steps)
                steps.append(
                    .dense(try Self.dense("\(folder)/\(module.path)", inputs: before.width(hidden: hidden))))
            }
        }
        guard let pooling else {
            throw Issue(
                .missing, .path(file), found: "no Pooling", allowed: "one, for embeddings of sentences")
        }
        return SentenceModules(pooling: pooling, steps: steps)
    }

    /// Refuses cross-encoders and encoders of sparse or of several vectors.
    private func requireSentences() throws {
        for (name, key, allowed) in [
            ("config_sentence_transformers.json", "model_type", "SentenceTransformer"),
            ("sentence_bert_config.json", "transformer_task", "feature-extraction"),
        ] {
            let path = "\(folder)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            let fields = try JSONFields(contentsOf: path)
            if fields.value(key) != nil, try fields.string(key) != allowed {
                throw fields.wrong(key, "'\(allowed)'", .unsupported)
            }
        }
    }

    /// Refuses a step on something else than the pooled vector.
    private func requireEmbeddings(of module: Module) throws {
        let path = "\(folder)/\(module.path)/config.json"
        guard FileManager.default.fileExists(atPath: path) else { return }
        let fields = try JSONFields(contentsOf: path)
        for key in ["module_input_name", "module_output_name"] where fields.value(key) != nil {
            guard try fields.string(key) == "sentence_embedding" else {
                throw fields.wrong(key, "'sentence_embedding'", .unsupported)
            }
        }
    }

    // MARK: Pooling

    private static func pooling(_ path: String, hidden: Int) throws -> SentencePooling {
        let fields = try JSONFields(contentsOf: path)
        for key in ["word_embedding_dimension", "embedding_dimension"] where fields.value(key) != nil {
            guard try fields.integer(key, in: 1...Int.max) == hidden else {
                throw fields.wrong(key, "\(hidden), the model's hidden_size", .mismatch)
            }
        }
        let includesPrompt =
            fields.value("include_prompt") == nil ? true : try fields.boolean("include_prompt")
        return SentencePooling(try modes(fields), includesPrompt: includesPrompt)
    }

    /// One name or a list of names; before version 6 a flag for each mode, whose vectors follow in this
    /// order.
    private static func modes(_ fields: JSONFields) throws -> [SentencePooling.Mode] {
        let key = "pooling_mode"
        func mode(_ value: JSONValue) throws -> SentencePooling.Mode {
            guard case .string(let name) = value, let mode = SentencePooling.Mode(rawValue: name) else {
                throw fields.wrong(key, SentencePooling.Mode.allowed, .unsupported)
            }
            return mode
        }
        switch fields.value(key) {
        case .array(let values)?:
            guard !values.isEmpty else { throw fields.wrong(key, SentencePooling.Mode.allowed) }
            return try values.map(mode)
        case let value?: return [try mode(value)]
        case nil: break
        }
        let flags: [(String, SentencePooling.Mode)] = [
            ("cls_token", .firstToken), ("max_tokens", .highest), ("mean_tokens", .mean),
            ("mean_sqrt_len_tokens", .meanOverRoot), ("weightedmean_tokens", .weightedMean),
            ("lasttoken", .lastToken),
        ]
        for member in fields.members where member.key.hasPrefix("\(key)_") {
            guard flags.contains(where: { member.key == "\(key)_\($0.0)" }) else {
                let allowed = flags.map { "\(key)_\($0.0)" }.joined(separator: ", ")
                throw Issue(.unsupported, .path(fields.file), found: "'\(member.key)'", allowed: allowed)
            }
        }
        let chosen = try flags.filter { name, _ in
            fields.value("\(key)_\(name)") == nil ? false : try fields.boolean("\(key)_\(name)")
        }
        return chosen.isEmpty ? [.mean] : chosen.map(\.1)
    }

    // MARK: Dense

    private static func dense(_ folder: String, inputs: Int) throws -> SentenceDense {
        let fields = try JSONFields(contentsOf: "\(folder)/config.json")
        guard try fields.integer("in_features", in: 1...131_072) == inputs else {
            throw fields.wrong("in_features", "\(inputs), as the module before it gives", .mismatch)
        }
        let outputs = try fields.integer("out_features", in: 1...131_072)
        if fields.value("use_residual") != nil, try fields.boolean("use_residual") {
            throw fields.wrong("use_residual", "false", .unsupported)
        }
        let hasBias = fields.value("bias") == nil ? true : try fields.boolean("bias")
        let name = fields.value("activation_function") == nil ? nil : try fields.string("activation_function")
        guard let activation = name.map(SentenceDense.Activation.init(rawValue:)) ?? .tanh else {
            let allowed = SentenceDense.Activation.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw fields.wrong("activation_function", allowed, .unsupported)
        }
        let file = try SafetensorsFile(folder: folder)
        return SentenceDense(
            weight: Matrix(
                rows: outputs, columns: inputs,
                elements: try file.weights("linear.weight", shape: [outputs, inputs])),
            bias: hasBias ? try file.weights("linear.bias", shape: [outputs]) : nil, activation: activation)
    }
}
