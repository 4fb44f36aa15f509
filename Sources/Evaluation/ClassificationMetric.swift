/// How well predicted classes agree with the labels, as GLUE scores its classification tasks (Wang et al.,
/// 2018): accuracy for SST-2 and RTE, F1 for MRPC and QQP, Matthews correlation for CoLA.
public enum ClassificationMetric: String, Sendable, Codable, CaseIterable {
    /// The fraction of predictions that are right, in [0, 1].
    case accuracy
    /// 2·TP / (2·TP + FP + FN) with class 1 as the positive one: the harmonic mean of precision and recall,
    /// in [0, 1]; 0 where class 1 is neither predicted nor a label. For two classes.
    case f1
    /// The correlation of predictions and labels, in [−1, 1]. For two classes
    /// (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)) (Matthews, 1975), for more Gorodkin's R_K (2004),
    /// (c·s − Σ_k p_k·t_k) / √((s² − Σ_k p_k²)(s² − Σ_k t_k²)) with c right ones of s, class k predicted p_k
    /// times and the label t_k times; 0 where either side is of one class.
    case matthews

    /// The score of predictions, one for each label.
    public func score(predictions: [Int], labels: [Int]) -> Double {
        precondition(predictions.count == labels.count, "one prediction for each label")
        guard !labels.isEmpty else { return 0 }
        let pairs = zip(predictions, labels)
        switch self {
        case .accuracy:
            return Double(pairs.count { $0 == $1 }) / Double(labels.count)
        case .f1:
            precondition(labels.allSatisfy { $0 == 0 || $0 == 1 }, "F1 is of two classes")
            let found = pairs.count { $0 == 1 && $1 == 1 }
            let wrong = pairs.count { ($0 == 1) != ($1 == 1) }
            return found + wrong == 0 ? 0 : Double(2 * found) / Double(2 * found + wrong)
        case .matthews:
            return Self.matthews(predictions, labels)
        }
    }

    private static func matthews(_ predictions: [Int], _ labels: [Int]) -> Double {
        func counts(_ classes: [Int]) -> [Int: Double] {
            classes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        func squares(_ counts: [Int: Double]) -> Double { counts.values.reduce(0) { $0 + $1 * $1 } }
        let (predicted, actual) = (counts(predictions), counts(labels))
        let total = Double(labels.count)
        let right = Double(zip(predictions, labels).count { $0 == $1 })
        let chance = predicted.reduce(0) { $0 + $1.value * (actual[$1.key] ?? 0) }
        let scale = ((total * total - squares(predicted)) * (total * total - squares(actual))).squareRoot()
        return scale > 0 ? (right * total - chance) / scale : 0
    }
}
