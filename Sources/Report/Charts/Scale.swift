import Foundation

/// Maps values to positions in a picture.
///
///     let x = Scale(0...10, to: 50...650)
///     x(5)        // 350
///     x.ticks(5)  // [0, 2, 4, 6, 8, 10]
public struct Scale: Sendable {
    /// How values are spaced.
    public enum Spacing: Sendable {
        /// Equal differences are equally far apart.
        case linear
        /// Equal ratios are; values must be above 0.
        case logarithmic
    }

    /// The values shown.
    public let domain: ClosedRange<Double>
    private let start: Double
    private let end: Double
    private let spacing: Spacing

    /// Maps `domain` to positions from `start` to `end`, which may run backwards as heights do.
    public init(_ domain: ClosedRange<Double>, from start: Double, to end: Double, spacing: Spacing = .linear)
    {
        self.domain = domain
        self.start = start
        self.end = end
        self.spacing = spacing
    }

    /// The position of a value.
    public func callAsFunction(_ value: Double) -> Double {
        let (low, high) = (domain.lowerBound, domain.upperBound)
        let fraction =
            switch spacing {
            case .linear: (value - low) / (high - low)
            case .logarithmic: log(value / low) / log(high / low)
            }
        return start + (end - start) * fraction
    }

    /// Round values inside the domain, about as many as asked for; for logarithms 1, 2 and 5 of each decade.
    public func ticks(_ count: Int) -> [Double] {
        switch spacing {
        case .linear:
            let step = Self.step(domain.upperBound - domain.lowerBound, count)
            // Values that no measurement gives have no ticks.
            guard abs(domain.lowerBound / step) < 1e15, abs(domain.upperBound / step) < 1e15 else {
                return []
            }
            let first = Int((domain.lowerBound / step - 1e-9).rounded(.up))
            let last = Int((domain.upperBound / step + 1e-9).rounded(.down))
            return first <= last ? (first...last).map { Double($0) * step } : []
        case .logarithmic:
            guard domain.lowerBound > 0, domain.upperBound.isFinite else { return [] }
            let decades =
                Int(log10(domain.lowerBound).rounded(.down))...Int(log10(domain.upperBound).rounded(.up))
            return decades.flatMap { decade in [1.0, 2, 5].map { $0 * pow(10, Double(decade)) } }
                .filter { domain.contains($0) }
        }
    }

    /// A tick's label, with as many decimals as tell it from the next one.
    public func label(_ tick: Double, _ count: Int) -> String {
        guard spacing == .linear else { return String(format: "%g", tick) }
        let step = Self.step(domain.upperBound - domain.lowerBound, count)
        var places = 0
        while places < 6,
            abs((step * pow(10, Double(places))).rounded() - step * pow(10, Double(places))) > 1e-6
        {
            places += 1
        }
        return Figures.decimal(tick == 0 ? 0 : tick, places)
    }

    /// A domain around values with some room on both sides; never empty.
    public static func around(_ values: [Double], room: Double = 0.06) -> ClosedRange<Double> {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return 0...1 }
        let margin = high > low ? room * (high - low) : max(abs(high) * 0.05, 1e-3)
        return (low - margin)...(high + margin)
    }

    /// 1, 2, 2.5 or 5 times a power of ten.
    private static func step(_ span: Double, _ count: Int) -> Double {
        let rough = max(span, 1e-12) / Double(max(count, 1))
        let power = pow(10, log10(rough).rounded(.down))
        let nice = [1, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10
        return nice * power
    }
}
