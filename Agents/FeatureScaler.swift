/// Brings features to mean 0 and deviation 1 by their statistics so far (Welford, Technometrics 1962), within
/// ±5.
struct FeatureScaler: Sendable, Equatable, Codable {
    private var count = 0.0
    private var mean: [Double] = []
    /// Σ (x − mean)².
    private var squares: [Double] = []

    /// Takes a vector into the statistics.
    mutating func add(_ features: [Float]) {
        if mean.isEmpty {
            mean = features.map { _ in 0 }
            squares = mean
        }
        count += 1
        for (index, feature) in features.enumerated() {
            let difference = Double(feature) - mean[index]
            mean[index] += difference / count
            squares[index] += difference * (Double(feature) - mean[index])
        }
    }

    /// (x − mean) / deviation; a feature that never changed is 0.
    func scaled(_ features: [Float]) -> [Float] {
        guard count > 1 else { return features.map { min(5, max(-5, $0)) } }
        return features.indices.map { index in
            let deviation = (squares[index] / count).squareRoot()
            guard deviation > 1e-9 else { return 0 }
            return Float(min(5, max(-5, (Double(features[index]) - mean[index]) / deviation)))
        }
    }

    init() {}
}

/// Features that do not change, [layer][feature], each scaled to [0, 1] over the layers; one that is the same
/// for all is left as it is.
func scaledOverLayers(_ rows: [[Double]]) -> [[Float]] {
    var rows = rows
    for feature in rows.first?.indices ?? 0..<0 {
        let values = rows.map { $0[feature] }
        guard let least = values.min(), let most = values.max(), most > least else { continue }
        for layer in rows.indices {
            rows[layer][feature] = (rows[layer][feature] - least) / (most - least)
        }
    }
    return rows.map { $0.map(Float.init) }
}
