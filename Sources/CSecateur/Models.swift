import Levels
import Secateur
import SecateurHeader
import Tensors

private typealias Models = Handle<Model>

@c @implementation
public func secateur_configure() {
    Runtime.configure()
}

@c @implementation
public func secateur_model_open(
    _ path: UnsafePointer<CChar>?, _ precisionName: UnsafePointer<CChar>?, _ threads: Int32,
    _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> secateur_status {
    status {
        try Models.open(to: model) {
            try Model(
                try text(path, nil, "path"), precision: try precision(precisionName),
                threads: threads == 0 ? Runtime.usableProcessors : Int(threads))
        }
    }
}

@c @implementation
public func secateur_model_close(_ model: OpaquePointer?) {
    Models.close(model)
}

@c @implementation
public func secateur_model_features(_ model: OpaquePointer?) -> Int {
    (try? Models.value(at: model).features) ?? 0
}

@c @implementation
public func secateur_model_classes(_ model: OpaquePointer?) -> Int {
    (try? Models.value(at: model).classes) ?? 0
}

@c @implementation
public func secateur_model_maximum_tokens(_ model: OpaquePointer?) -> Int {
    (try? Models.value(at: model).maximumTokens) ?? 0
}

@c @implementation
public func secateur_model_size_bytes(_ model: OpaquePointer?) -> Int {
    (try? Models.value(at: model).sizeBytes) ?? 0
}

@c @implementation
public func secateur_tokenize(
    _ model: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ length: Int,
    _ ids: UnsafeMutablePointer<Int32>?,
    _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> secateur_status {
    status {
        let found = try Models.value(at: model).tokens(of: text(bytes, length, "text"))
        guard let count else { throw nullPointer("count") }
        try write(found.prefix(capacity), to: ids, "ids")
        count.pointee = found.count
    }
}

@c @implementation
public func secateur_embed(
    _ model: OpaquePointer?, _ texts: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int>?,
    _ count: Int, _ prompt: UnsafePointer<CChar>?, _ embeddings: UnsafeMutablePointer<Float>?
) -> secateur_status {
    status {
        let model = try Models.value(at: model)
        let sentences = try TextArray(texts: texts, lengths: lengths, count: count, name: "texts").strings()
        let found = try model.embeddings(of: sentences, prompt: prompt.map { try text($0, nil, "prompt") })
        try write(found.elements, to: embeddings, "embeddings")
    }
}

@c @implementation
public func secateur_embed_tokens(
    _ model: OpaquePointer?, _ ids: UnsafePointer<Int32>?, _ counts: UnsafePointer<Int>?, _ count: Int,
    _ embeddings: UnsafeMutablePointer<Float>?
) -> secateur_status {
    status {
        let model = try Models.value(at: model)
        guard count == 0 || (ids != nil && counts != nil) else { throw nullPointer("ids or counts") }
        var sequences: [[Int32]] = []
        var start = 0
        for index in 0..<count {
            let length = counts?[index] ?? 0
            sequences.append(Array(UnsafeBufferPointer(start: ids?.advanced(by: start), count: length)))
            start += length
        }
        try write(model.embeddings(ofTokens: sequences).elements, to: embeddings, "embeddings")
    }
}

@c @implementation
public func secateur_classify(
    _ model: OpaquePointer?, _ texts: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int>?,
    _ count: Int, _ logits: UnsafeMutablePointer<Float>?
) -> secateur_status {
    status {
        let model = try Models.value(at: model)
        let sentences = try TextArray(texts: texts, lengths: lengths, count: count, name: "texts").strings()
        try write(model.logitMatrix(of: sentences).elements, to: logits, "logits")
    }
}

@c @implementation
public func secateur_classify_pairs(
    _ model: OpaquePointer?, _ firsts: UnsafePointer<UnsafePointer<CChar>?>?,
    _ firstLengths: UnsafePointer<Int>?, _ seconds: UnsafePointer<UnsafePointer<CChar>?>?,
    _ secondLengths: UnsafePointer<Int>?, _ count: Int, _ logits: UnsafeMutablePointer<Float>?
) -> secateur_status {
    status {
        let model = try Models.value(at: model)
        let first = try TextArray(texts: firsts, lengths: firstLengths, count: count, name: "firsts")
            .strings()
        let second = try TextArray(texts: seconds, lengths: secondLengths, count: count, name: "seconds")
            .strings()
        try write(model.logitMatrix(of: Array(zip(first, second))).elements, to: logits, "logits")
    }
}

@c @implementation
public func secateur_rank(
    _ model: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ queryLength: Int,
    _ documents: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int>?, _ count: Int,
    _ scores: UnsafeMutablePointer<Float>?
) -> secateur_status {
    status {
        let model = try Models.value(at: model)
        let texts = try TextArray(texts: documents, lengths: lengths, count: count, name: "documents")
            .strings()
        try write(model.rank(texts, for: text(query, queryLength, "query")), to: scores, "scores")
    }
}

@c @implementation
public func secateur_generation_default() -> secateur_generation {
    let settings = Model.Generation()
    return secateur_generation(
        maximum_tokens: settings.maximumTokens, temperature: settings.temperature, top_p: settings.topP,
        seed: settings.seed, is_chat: settings.isChat)
}

@c @implementation
public func secateur_generate(
    _ model: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ length: Int,
    _ settings: UnsafePointer<secateur_generation>?, _ take: secateur_take_piece?,
    _ context: UnsafeMutableRawPointer?
) -> secateur_status {
    status {
        guard let take else { throw nullPointer("take") }
        var generation = Model.Generation()
        if let settings = settings?.pointee {
            generation.maximumTokens = settings.maximum_tokens
            generation.temperature = settings.temperature
            generation.topP = settings.top_p
            generation.seed = settings.seed
            generation.isChat = settings.is_chat
        }
        try Models.value(at: model).generate(text(bytes, length, "text"), generation) { piece in
            var piece = piece
            return piece.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { take($0.baseAddress, $0.count, context) }
            }
        }
    }
}
