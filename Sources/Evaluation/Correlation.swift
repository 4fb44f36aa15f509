/// Correlation coefficients.
public enum Correlation {
    /// Pearson's r: covariance over the product of the standard deviations, in [−1, 1]; 0 when either
    /// side is constant, or not finite.
    public static func pearson(_ x: [Double], _ y: [Double]) -> Double {
        precondition(x.count == y.count)
        guard x.count > 1 else { return 0 }
        let count = Double(x.count)
        let meanX = x.reduce(0, +) / count
        let meanY = y.reduce(0, +) / count
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            xx += (a - meanX) * (a - meanX)
            yy += (b - meanY) * (b - meanY)
            xy += (a - meanX) * (b - meanY)
        }
        let scale = (xx * yy).squareRoot()
        return scale > 0 ? xy / scale : 0
    }

    /// Spearman's ρ: Pearson's r of the ranks, ties given their mean rank; 0 when a value is not finite.
    public static func spearman(_ x: [Double], _ y: [Double]) -> Double {
        guard x.allSatisfy(\.isFinite), y.allSatisfy(\.isFinite) else { return 0 }
        return pearson(ranks(x), ranks(y))
    }

    /// Ranks from 1; equal values share the mean of their ranks.
    public static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for position in start...end { ranks[order[position]] = Double(start + end) / 2 + 1 }
            start = end + 1
        }
        return ranks
    }
}
