import CKernels

/// Activations [features × tokens], kept as panels of 16 tokens: [tokens/16][features][16].
///
/// One feature of one panel is one cache line, which is what lets a kept weight of a sparse layer be one
/// broadcast and a few FMAs. The last panel is filled up with tokens that no result depends on.
public final class PanelMatrix: @unchecked Sendable {
    // Unchecked: workers write to disjoint panels or rows, as the splits of the forward pass guarantee.

    /// Tokens in a panel.
    public static let width = Int(SECATEUR_PANEL)

    private let memory: UnsafeMutablePointer<Float>
    private let capacity: Int
    /// Number of features, the rows.
    public private(set) var features: Int
    /// Number of tokens, the columns.
    public private(set) var tokens: Int

    /// Allocates room for `features × tokens` numbers, all zero.
    public init(features: Int, tokens: Int) {
        capacity = features * Self.panels(of: tokens) * Self.width
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(capacity, 1) * 4, alignment: 64)
        memory = raw.bindMemory(to: Float.self, capacity: capacity)
        memory.initialize(repeating: 0, count: capacity)
        self.features = features
        self.tokens = tokens
    }

    deinit {
        memory.deallocate()
    }

    /// Panels that a number of tokens takes.
    public static func panels(of tokens: Int) -> Int {
        (tokens + width - 1) / width
    }

    /// Number of panels.
    public var panels: Int {
        Self.panels(of: tokens)
    }

    /// The address of panel 0.
    public var address: UnsafeMutablePointer<Float> {
        memory
    }

    /// Gives the same memory another number of tokens, if it has the room; its content is then undefined.
    public func reshape(tokens: Int) -> Bool {
        guard features * Self.panels(of: tokens) * Self.width <= capacity else { return false }
        self.tokens = tokens
        return true
    }

    /// One element.
    public subscript(feature: Int, token: Int) -> Float {
        get { memory[offset(feature, token)] }
        set { memory[offset(feature, token)] = newValue }
    }

    private func offset(_ feature: Int, _ token: Int) -> Int {
        precondition(feature >= 0 && feature < features && token >= 0 && token < panels * Self.width)
        return (token / Self.width * features + feature) * Self.width + token % Self.width
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
