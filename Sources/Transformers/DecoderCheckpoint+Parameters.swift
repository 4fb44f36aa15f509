import Levels
import ModelFiles

extension DecoderCheckpoint {
    var modules: ModuleTree { architecture.modules }

    /// The layers of a block, in the order of computation.
    func layers(ofBlock number: Int) -> [LayerShape] {
        let (hidden, intermediate) = (configuration.hidden, configuration.intermediate)
        let query = configuration.heads * configuration.headSize
        let keyValue = configuration.keyValueHeads * configuration.headSize
        return modules.linears.map { linear in
            let (rows, cols) =
                switch linear.role {
                case .query: (query, hidden)
                case .key, .value: (keyValue, hidden)
                case .queryKeyValue: (query + 2 * keyValue, hidden)
                case .attentionOutput: (hidden, query)
                case .feedForwardGate, .feedForwardUp: (intermediate, hidden)
                case .feedForwardDown: (hidden, intermediate)
                }
            return LayerShape(
                name: modules.module(linear.module, ofBlock: number), rows: rows, cols: cols, block: number,
                role: linear.role)
        }
    }

    /// The output layer: the token embedding where they are tied.
    var head: ModuleName {
        guard !configuration.tiesEmbeddings, let output = modules.output else { return modules.words }
        return output
    }

    /// Every parameter of the model.
    public var parameters: [DecoderParameter] {
        let (hidden, vocabulary) = (configuration.hidden, configuration.vocabulary)
        func vector(_ name: String, _ count: Int) -> DecoderParameter {
            DecoderParameter(name: name, rows: count, columns: nil)
        }
        func matrix(_ name: String, _ rows: Int, _ columns: Int) -> DecoderParameter {
            DecoderParameter(name: "\(name).weight", rows: rows, columns: columns)
        }
        func norm(_ name: String) -> [DecoderParameter] {
            [vector("\(name).weight", hidden)]
                + (modules.norm == .layer ? [vector("\(name).bias", hidden)] : [])
        }
        let headNorms = modules.headNorms.map { [$0.query, $0.key] } ?? []
        var inner: [DecoderParameter] = []
        for number in 0..<configuration.blocks {
            for module in [modules.attentionNorm, modules.feedForwardNorm] {
                inner += norm(modules.module(module, ofBlock: number))
            }
            for module in headNorms {
                inner.append(
                    vector("\(modules.module(module, ofBlock: number)).weight", configuration.headSize))
            }
            for layer in layers(ofBlock: number) {
                inner.append(matrix(layer.name, layer.rows, layer.cols))
                if modules[layer.role].hasBias { inner.append(vector("\(layer.name).bias", layer.rows)) }
            }
        }
        let output = configuration.tiesEmbeddings ? nil : modules.output
        return [matrix(modules.words.name, vocabulary, hidden)]
            + (modules.positions.map { [matrix($0.name, configuration.maximumTokens, hidden)] } ?? [])
            + inner + (modules.finalNorm.map { norm($0.name) } ?? [])
            + (output.map { [matrix($0.name, vocabulary, hidden)] } ?? [])
    }

    /// The name and the shape that a parameter has in files of a format.
    public func place(of parameter: DecoderParameter, in format: DecoderFormat) -> (
        name: String, shape: [Int]
    ) {
        let stored = stored(parameter.name, in: format)
        return (
            stored.name,
            parameter.columns.map { stored.shape(rows: parameter.rows, columns: $0) } ?? [parameter.rows]
        )
    }

    /// Where a parameter stands in files of a format.
    func stored(_ name: String, in format: DecoderFormat) -> StoredParameter {
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        let (path, kind) = (name[..<dot], name[dot...])
        let outer = [modules.words, modules.positions, modules.finalNorm, modules.output].compactMap(\.self)
        if let module = outer.first(where: { $0.name == path }) {
            return StoredParameter(name: (format == .gguf ? module.gguf ?? module.name : module.name) + kind)
        }
        guard let (number, module) = modules.inBlock(path) else { return StoredParameter(name: name) }
        let linear = modules.linears.first { $0.module.name == module }
        var stored = StoredParameter(name: name)
        if format == .gguf {
            let norms = [
                modules.attentionNorm, modules.feedForwardNorm, modules.headNorms?.query,
                modules.headNorms?.key,
            ].compactMap(\.self)
            guard let block = modules.block.gguf,
                let own = (linear?.module ?? norms.first { $0.name == module })?.gguf
            else { return stored }
            stored.name = "\(block).\(number).\(own)\(kind)"
        }
        guard let linear else { return stored }
        switch format == .gguf ? linear.ggufLayout : linear.layout {
        case .plain: break
        case .transposed: stored.layout = kind == ".weight" ? .transposed : .plain
        case .interleavedHeads:
            let heads = linear.role == .query ? configuration.heads : configuration.keyValueHeads
            stored.layout = .interleaved(heads: heads)
        }
        return stored
    }
}
