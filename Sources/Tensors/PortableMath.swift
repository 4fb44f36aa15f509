/// Elementary functions that give the same bits on every CPU.
///
/// The C library chooses its `exp`, `log` and `pow` by the CPU, and those with fused multiply-add round
/// otherwise. These are written in plain +, −, ×, ÷ and square roots, which IEEE 754 fixes to the last bit,
/// in one order. Reductions and polynomials of `exp`, `log`, sine and cosine are those of fdlibm (Sun
/// Microsystems,
/// 1993).
public enum PortableMath {
    private static let ln2High = 0x1.62E42FEEp-1
    private static let ln2Low = 0x1.A39EF35793C76p-33

    /// eˣ; the error is below 1 ulp, and 1.5 where the result is subnormal.
    public static func exp(_ x: Double) -> Double {
        guard x < 709.782712893384 else { return x.isNaN ? x : .infinity }
        guard x > -745.1332191019412 else { return x.isNaN ? x : 0 }
        let power = (x * 0x1.71547652B82FEp0).rounded()
        let high = x - power * ln2High
        let low = power * ln2Low
        let reduced = high - low
        let square = reduced * reduced
        var series = 0x1.6376972BEA4D0p-25
        for coefficient in [
            -0x1.BBD41C5D26BF1p-20, 0x1.1566AAF25DE2Cp-14, -0x1.6C16C16BEBD93p-9, 0x1.555555555553Ep-3,
        ] { series = series * square + coefficient }
        let correction = reduced - series * square
        let result = 1 - ((low - (reduced * correction) / (2 - correction)) - high)
        // In two steps: 2 to the whole power may not be a number where the product is.
        let half = Int(power) / 2
        return result * powerOfTwo(half) * powerOfTwo(Int(power) - half)
    }

    /// ln x for x ≥ 0; the error is below 1 ulp.
    public static func log(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return x == 0 ? -.infinity : x == .infinity ? x : .nan }
        var (significand, power) = (x.significand, Double(x.exponent))
        if significand > 0x1.6A09E667F3BCDp0 {
            significand /= 2
            power += 1
        }
        let f = significand - 1
        let s = f / (2 + f)
        let square = s * s
        var series = 0x1.2F112DF3E5244p-3
        for coefficient in [
            0x1.39A09D078C69Fp-3, 0x1.7466496CB03DEp-3, 0x1.C71C51D8E78AFp-3, 0x1.2492494229359p-2,
            0x1.999999997FA04p-2, 0x1.5555555555593p-1,
        ] { series = series * square + coefficient }
        let half = 0.5 * f * f
        let rest = s * (half + series * square)
        return power * ln2High - ((half - (rest + power * ln2Low)) - f)
    }

    /// xʸ for x ≥ 0; the error is below 2 + 2·|y·ln x| ulp.
    public static func pow(_ x: Double, _ y: Double) -> Double {
        guard y != 0, x != 1 else { return 1 }
        guard x != 0 else { return y > 0 ? 0 : .infinity }
        return exp(y * log(x))
    }

    /// tanh x, to the nearest number but for ties that double precision cannot tell.
    public static func tanh(_ x: Float) -> Float {
        let wide = Double(x)
        // The quotient would lose the leading digits here; the next term is 17/315·x⁷.
        guard abs(wide) > 1e-2 else {
            let square = wide * wide
            return Float(wide * (1 - square * (1.0 / 3 - square * (2.0 / 15))))
        }
        return Float(1 - 2 / (exp(2 * wide) + 1))
    }

    /// 1 / (1 + e⁻ˣ), likewise.
    public static func sigmoid(_ x: Float) -> Float {
        Float(1 / (1 + exp(-Double(x))))
    }

    /// cos(2π·turns) for turns in [0, 1]; the error is below 2⁻⁵² absolutely.
    public static func cosine(turns: Double) -> Double {
        let quarters = (4 * turns).rounded()
        // Exact, as the two are within a factor of two of each other or the former is less than an eighth.
        let angle = (turns - quarters / 4) * (2 * Double.pi)
        switch Int(quarters) & 3 {
        case 0: return cosineNearZero(angle)
        case 1: return -sineNearZero(angle)
        case 2: return -cosineNearZero(angle)
        default: return sineNearZero(angle)
        }
    }

    private static func cosineNearZero(_ x: Double) -> Double {
        let square = x * x
        var series = -0x1.8FAE9BE8838D4p-37
        for coefficient in [
            0x1.1EE9EBDB4B1C4p-29, -0x1.27E4F809C52ADp-22, 0x1.A01A019CB1590p-16, -0x1.6C16C16C15177p-10,
            0x1.555555555554Cp-5,
        ] { series = series * square + coefficient }
        let half = 0.5 * square
        let one = 1 - half
        return one + (((1 - one) - half) + square * square * series)
    }

    private static func sineNearZero(_ x: Double) -> Double {
        let square = x * x
        var series = 0x1.5D93A5ACFD57Cp-33
        for coefficient in [
            -0x1.AE5E68A2B9CEBp-26, 0x1.71DE357B1FE7Dp-19, -0x1.A01A019C161D5p-13, 0x1.111111110F8A6p-7,
            -0x1.5555555555549p-3,
        ] { series = series * square + coefficient }
        return x + x * square * series
    }

    /// 2ⁿ for n in −1022 to 1023.
    private static func powerOfTwo(_ n: Int) -> Double {
        Double(sign: .plus, exponent: n, significand: 1)
    }
}
