import CKernels

/// Activations [features × tokens], kept as panels of 64 tokens: [tokens/64][features][64].
///
/// One feature of one panel is a few cache lines side by side, which is what lets a kept weight of a sparse
/// layer be one broadcast and a few FMAs. The last panel is as narrow as its tokens allow in steps of 16, and
/// filled up with tokens that no result depends on.
public final class PanelMatrix: @unchecked Sendable {
    // Unchecked: workers write to disjoint panels or rows, as the splits of the forward pass guarantee.

    /// Tokens in a full panel.
    public static let panelTokens = Int(SECATEUR_PANEL)
    /// Tokens in a strip, the step of a panel's width.
    public static let stripTokens = Int(SECATEUR_LANES)

    private let memory: UnsafeMutablePointer<Float>
    private let capacity: Int
    /// Number of features, the rows.
    public private(set) var features: Int
    /// Number of tokens, the columns.
    public private(set) var tokens: Int

    /// Allocates room for `features × tokens` numbers, all zero.
    public init(features: Int, tokens: Int) {
        capacity = features * Self.strips(of: tokens) * Self.stripTokens
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(capacity, 1) * 4, alignment: 64)
        memory = raw.bindMemory(to: Float.self, capacity: capacity)
        memory.initialize(repeating: 0, count: capacity)
        self.features = features
        self.tokens = tokens
    }

    deinit {
        memory.deallocate()
    }

    /// Strips that a number of tokens takes.
    public static func strips(of tokens: Int) -> Int {
        (tokens + stripTokens - 1) / stripTokens
    }

    /// Number of strips of 16 tokens.
    public var strips: Int {
        Self.strips(of: tokens)
    }

    /// The address of panel 0.
    public var address: UnsafeMutablePointer<Float> {
        memory
    }

    /// Gives the same memory another number of tokens, if it has the room; its content is then undefined.
    public func reshape(tokens: Int) -> Bool {
        reshape(features: features, tokens: tokens)
    }

    /// Gives the same memory other numbers of features and tokens, if it has the room; its content is then
    /// undefined.
    public func reshape(features: Int, tokens: Int) -> Bool {
        guard features * Self.strips(of: tokens) * Self.stripTokens <= capacity else { return false }
        self.features = features
        self.tokens = tokens
        return true
    }

    /// One element.
    public subscript(feature: Int, token: Int) -> Float {
        get { memory[offset(feature, token)] }
        set { memory[offset(feature, token)] = newValue }
    }

    /// Where a token's feature 0 stands from ``address`` on, and how far apart its features are.
    public func column(of token: Int) -> (offset: Int, stride: Int) {
        let first = token / Self.panelTokens * Self.panelTokens
        let stride = min(Self.panelTokens, Self.strips(of: tokens - first) * Self.stripTokens)
        return (first * features + token - first, stride)
    }

    private func offset(_ feature: Int, _ token: Int) -> Int {
        precondition(feature >= 0 && feature < features && token >= 0 && token < tokens)
        let column = column(of: token)
        return column.offset + feature * column.stride
    }

    /// The same numbers as a row-major matrix [features × tokens].
    public var matrix: Matrix {
        var result = Matrix(rows: features, columns: tokens)
        for feature in 0..<features {
            for token in 0..<tokens { result[feature, token] = self[feature, token] }
        }
        return result
    }

    /// Copies a row-major matrix [features × tokens].
    public convenience init(_ matrix: Matrix) {
        self.init(features: matrix.rows, tokens: matrix.columns)
        for feature in 0..<features {
            for token in 0..<tokens { self[feature, token] = matrix[feature, token] }
        }
    }
}

extension PanelMatrix {
    /// Copies `tokens` × `features` numbers, token after token.
    package func read(tokenMajor source: UnsafePointer<Float>) {
        for token in 0..<tokens {
            let column = column(of: token)
            let (target, from) = (address + column.offset, source + token * features)
            for feature in 0..<features { target[feature * column.stride] = from[feature] }
        }
    }

    /// Copies to `tokens` × `features` numbers, token after token.
    package func write(tokenMajor target: UnsafeMutablePointer<Float>) {
        for token in 0..<tokens {
            let column = column(of: token)
            let (source, to) = (address + column.offset, target + token * features)
            for feature in 0..<features { to[feature] = source[feature * column.stride] }
        }
    }
}
