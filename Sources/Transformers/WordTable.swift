import Tensors

/// The word embeddings of an encoder [vocabulary × hidden]: floats, or whole numbers of 8 bits with a scale for each
/// word.
struct WordTable: Sendable {
    private enum Content: Sendable {
        case floats(AlignedBuffer<Float>)
        case integers(AlignedBuffer<Int8>, scales: AlignedBuffer<Float>)
    }

    private let content: Content
    private let vocabulary: Int
    private let hidden: Int

    /// Reads them as they are stored.
    init(_ checkpoint: EncoderCheckpoint) throws {
        let sizes = checkpoint.dimensions
        (vocabulary, hidden) = (sizes.vocabulary, sizes.hidden)
        let name = "\(checkpoint.modules.words.name).weight"
        let shape = [vocabulary, hidden]
        if let found = try checkpoint.integers(name, shape) {
            content = .integers(AlignedBuffer(found.values), scales: AlignedBuffer(found.scales))
        } else {
            content = .floats(AlignedBuffer(try checkpoint.tensor(name, shape)))
        }
    }

    private init(_ integers: IntegerRows, vocabulary: Int, hidden: Int) {
        (self.vocabulary, self.hidden) = (vocabulary, hidden)
        content = .integers(AlignedBuffer(integers.values), scales: AlignedBuffer(integers.scales))
    }

    /// In 8 bits, each number the nearest.
    var rounded: WordTable {
        guard case .floats(let table) = content else { return self }
        let words = Matrix(
            rows: vocabulary, columns: hidden,
            elements: Array(UnsafeBufferPointer(start: table.address, count: table.count)))
        return WordTable(IntegerRows(words), vocabulary: vocabulary, hidden: hidden)
    }

    /// The whole numbers; nil where there are none.
    var integers: IntegerRows? {
        guard case .integers(let values, let scales) = content else { return nil }
        return IntegerRows(
            values: Array(UnsafeBufferPointer(start: values.address, count: values.count)),
            scales: Array(UnsafeBufferPointer(start: scales.address, count: scales.count)))
    }

    /// What they take in memory, in bytes.
    var sizeBytes: Int {
        switch content {
        case .floats(let table): table.sizeBytes
        case .integers(let values, let scales): values.sizeBytes + scales.sizeBytes
        }
    }

    /// Calls `body` with each feature of a word's embedding.
    @inline(__always) func forEach(of word: Int, _ body: (_ feature: Int, _ value: Float) -> Void) {
        switch content {
        case .floats(let table):
            let row = table.address + word * hidden
            for feature in 0..<hidden { body(feature, row[feature]) }
        case .integers(let values, let scales):
            let (row, scale) = (values.address + word * hidden, scales.address[word])
            for feature in 0..<hidden { body(feature, Float(row[feature]) * scale) }
        }
    }
}
