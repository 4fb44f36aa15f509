import Foundation

/// Numbers as a report prints them, units included.
enum Figures {
    /// A fixed count of decimals, with a true minus sign; a dash for what is no number.
    static func decimal(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return "–" }
        let text = String(format: "%.\(places)f", value)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }

    /// Three significant digits or so: `6.07 ms`, `132 ms`.
    static func milliseconds(_ value: Double) -> String {
        "\(significant(value)) ms"
    }

    /// Bytes in millions, or in thousands where there are few.
    static func megabytes(_ bytes: Int) -> String { megabytes(Double(bytes)) }

    static func megabytes(_ bytes: Double) -> String {
        abs(bytes) < 1e5 ? "\(significant(bytes / 1e3)) kB" : "\(significant(bytes / 1e6)) MB"
    }

    /// A fraction as a percentage without decimals.
    static func percent(_ fraction: Double) -> String {
        "\(decimal(100 * fraction, 0)) %"
    }

    /// `1.97×`
    static func times(_ value: Double) -> String {
        "\(decimal(value, 2))×"
    }

    static func significant(_ value: Double) -> String {
        switch abs(value) {
        case 100...: decimal(value, 0)
        case 10..<100: decimal(value, 1)
        case 0.1..<10: decimal(value, 2)
        default: decimal(value, 4)
        }
    }
}
