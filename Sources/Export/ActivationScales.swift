/// How an export to ONNX rounds the inputs of layers in int8.
public enum ActivationScales: Sendable, Equatable {
    /// By a scale for each token, found while it is computed, as Secateur does.
    case token
    /// By a scale and a zero point for each input, found on sentences beforehand: nodes that readers make products
    /// of whole numbers of. At most ``ActivationRanges/mostSentences`` are taken, evenly from all of them.
    case fixed(sentences: [String])

    public var name: String {
        switch self {
        case .token: "token"
        case .fixed: "static"
        }
    }
}
