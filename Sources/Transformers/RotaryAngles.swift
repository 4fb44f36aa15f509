import Foundation

/// Rotary positions (Su et al., 2021): pair d of a token at position p turns by p·base^(−2d / head size).
struct RotaryAngles: Sendable {
    private let frequencies: [Double]

    /// nil for a model without rotary positions.
    init?(_ configuration: DecoderConfiguration) {
        guard let base = configuration.rotaryBase else { return nil }
        frequencies = (0..<configuration.headSize / 2).map {
            pow(base, -Double(2 * $0) / Double(configuration.headSize))
        }
    }

    /// Writes the cosines and sines of a position's angles, `stride` apart.
    func write(
        position: Int, _ cosines: UnsafeMutablePointer<Float>, _ sines: UnsafeMutablePointer<Float>,
        stride: Int
    ) {
        for (pair, frequency) in frequencies.enumerated() {
            let angle = Double(position) * frequency
            cosines[pair * stride] = Float(cos(angle))
            sines[pair * stride] = Float(sin(angle))
        }
    }
}
