import Foundation
import Tensors
import Testing

/// Expected values are Python's `decimal` with 60 digits.
@Suite struct PortableMathTests {
    private static func ulps(_ found: Double, _ expected: Double) -> Double {
        abs(found - expected) / expected.ulp
    }

    @Test(
        arguments: [
            (-745.0, 5e-324), (-30.5, 5.675685232632723e-14), (-1, 0.36787944117144233),
            (-0.1, 0.9048374180359595), (1e-9, 1.000000001), (0, 1), (0.5, 1.6487212707001282),
            (1, 2.718281828459045), (3.7, 40.4473043600674), (88.25, 2.120742930535254e+38),
            (700, 1.0142320547350045e+304),
        ] as [(Double, Double)]) func exponential(x: Double, expected: Double)
    {
        #expect(Self.ulps(PortableMath.exp(x), expected) <= 1)
    }

    @Test(
        arguments: [
            (5e-324, -744.4400719213812), (1e-300, -690.7755278982137), (0.1, -2.3025850929940455),
            (0.7, -0.35667494393873245), (1, 0), (1.4, 0.3364722366212129), (1.5, 0.4054651081081644),
            (2, 0.6931471805599453), (3, 1.0986122886681098), (12345.678, 9.421061321291832),
            (1.7e308, 709.7268368932282),
        ] as [(Double, Double)]) func logarithm(x: Double, expected: Double)
    {
        #expect(Self.ulps(PortableMath.log(x), expected) <= 1)
    }

    @Test(
        arguments: [
            (0.15, 1.0 / 262, 0.9927852362990116), (0.95, 400.0 / 300, 0.9338951938669805),
            (0.999, 1500, 0.2229627637029021), (10, 0.35, 2.2387211385683394), (0.5, 2, 0.25),
            (2, 0.5, 1.4142135623730951), (0, 3, 0), (7, 0, 1), (1, 1e300, 1),
        ] as [(Double, Double, Double)]) func power(x: Double, y: Double, expected: Double)
    {
        let bound = 2 + 2 * abs(y * log(max(x, 1e-300)))
        #expect(Self.ulps(PortableMath.pow(x, y), expected) <= bound)
    }

    @Test func ends() {
        #expect(PortableMath.exp(710) == .infinity && PortableMath.exp(-746) == 0)
        #expect(PortableMath.exp(-.infinity) == 0 && PortableMath.exp(.nan).isNaN)
        #expect(PortableMath.log(0) == -.infinity && PortableMath.log(-1).isNaN)
        #expect(PortableMath.log(.infinity) == .infinity && PortableMath.log(.nan).isNaN)
        #expect(PortableMath.tanh(.infinity) == 1 && PortableMath.tanh(-100) == -1)
        #expect(PortableMath.sigmoid(0) == 0.5 && PortableMath.sigmoid(-.infinity) == 0)
    }

    @Test(
        arguments: [
            (-9, -0.999999969540041), (-1.25, -0.8482836399575129), (-0.01, -0.009999666456504392),
            (0.001, 0.0009999997141642038), (0.3, 0.2913126233608736), (2, 0.9640275800758169),
        ] as [(Float, Double)]) func hyperbolicTangent(x: Float, expected: Double)
    {
        #expect(PortableMath.tanh(x) == Float(expected))
    }

    /// Compared with the C library's functions, which are within an ulp of the truth on every CPU.
    @Test func randomArgumentsAgreeWithTheCLibrary() {
        var random = CounterBasedRandom(seed: 1)
        for number in 0..<100_000 {
            let x = (number % 2 == 0 ? 2 : 1_400) * (random.nextUniform() - 0.5)
            #expect(Self.ulps(PortableMath.exp(x), exp(x)) <= 2)
            #expect(Self.ulps(PortableMath.log(exp(x)), log(exp(x))) <= 2)
            let turns = random.nextUniform()
            #expect(abs(PortableMath.cosine(turns: turns) - cos(2 * .pi * turns)) < 1e-15)
        }
    }

    /// A sum in another order, or with fused products, has other last bits.
    @Test func productsAreSummedInOneOrder() {
        var random = CounterBasedRandom(seed: 2)
        func matrix(_ rows: Int, _ columns: Int) -> Matrix {
            Matrix(
                rows: rows, columns: columns,
                elements: (0..<rows * columns).map { _ in Float(random.nextNormal()) })
        }
        for (m, n, k) in [(1, 1, 1), (5, 37, 300), (64, 16, 33), (3, 300, 64)] {
            let (a, b, start) = (matrix(m, k), matrix(k, n), matrix(m, n))
            var expected = start
            for row in 0..<m {
                for column in 0..<n {
                    for index in 0..<k { expected[row, column] += a[row, index] * b[index, column] }
                }
            }
            for (transposeA, transposeB) in [(false, false), (true, false), (false, true), (true, true)] {
                var found = start
                OrderedProduct.add(
                    transposeA ? a.transposed : a, transposeA: transposeA, transposeB ? b.transposed : b,
                    transposeB: transposeB, to: &found)
                #expect(found == expected)
            }
        }
    }
}
