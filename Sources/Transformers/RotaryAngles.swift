import Foundation

/// The angles of a model's rotary positions.
struct RotaryAngles: Sendable {
    private let frequencies: [Double]

    /// nil for a model without rotary positions.
    init?(_ configuration: DecoderConfiguration) {
        guard let rotary = configuration.rotary else { return nil }
        frequencies = rotary.frequencies(headSize: configuration.headSize)
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
