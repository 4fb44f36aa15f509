import Foundation
import ModelFiles
import Tensors
import Testing

@testable import Export

@Suite struct BitmaskTests {
    /// As compressed-tensors unpacks: the n-th set bit of a row, from the least significant on, takes the
    /// row's n-th value.
    private func unpacked(_ bitmask: Bitmask) -> [Float] {
        var elements = [Float](repeating: 0, count: bitmask.rows * bitmask.columns)
        let stride = (bitmask.columns + 7) / 8
        for row in 0..<bitmask.rows {
            var next = Int(bitmask.rowOffsets[row])
            for column in 0..<bitmask.columns
            where bitmask.bits[row * stride + column / 8] >> UInt8(column % 8) & 1 == 1 {
                elements[row * bitmask.columns + column] = bitmask.values[next]
                next += 1
            }
        }
        return elements
    }

    @Test(arguments: [(1, 1), (3, 8), (5, 13), (16, 64), (7, 100)], [0.0, 0.3, 0.9, 1.0])
    func packingDecodesBack(size: (rows: Int, columns: Int), sparsity: Double) {
        var random = CounterBasedRandom(seed: UInt64(size.columns), stream: 3)
        let elements = (0..<size.rows * size.columns).map { _ in
            random.nextUniform() < sparsity ? 0 : Float(random.nextUniform() - 0.5)
        }
        let bitmask = Bitmask(elements, rows: size.rows, columns: size.columns)
        #expect(unpacked(bitmask) == elements)
        #expect(bitmask.values.count == elements.count { $0 != 0 })
        #expect(bitmask.bits.count == size.rows * ((size.columns + 7) / 8))
    }

    /// The example of a row by hand: 1 0 0 2 0 0 0 0 | 3.
    @Test func bitsAreLeastSignificantFirst() {
        let bitmask = Bitmask(
            [1, 0, 0, 2, 0, 0, 0, 0, 3] + [0, 4, 0, 0, 0, 0, 0, 0, 0], rows: 2, columns: 9)
        #expect(bitmask.bits == [0b0000_1001, 1, 0b0000_0010, 0])
        #expect(bitmask.rowOffsets == [0, 3])
        #expect(bitmask.values == [1, 2, 3, 4])
    }

    @Test func tensorsShrinkWithSparsity() throws {
        let folder = NSTemporaryDirectory() + "bitmask-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let sizes = try [0, 2, 4, 8, 20].map { every in
            let elements = (0..<64 * 64).map { every == 0 || $0 % every == 0 ? Float($0 + 1) : 0 }
            let path = "\(folder)/\(every).safetensors"
            try SafetensorsWriter.write(
                Bitmask(elements, rows: 64, columns: 64).tensors(module: "layer"), metadata: [:], to: path)
            #expect(try SafetensorsFile(path: path).tensors["layer.shape"] != nil)
            return try Data(contentsOf: URL(fileURLWithPath: path)).count
        }
        #expect(sizes == sizes.sorted(by: >))
        // A half of the weights gone leaves little more than half of the bytes.
        #expect(Double(sizes[1]) < 0.6 * Double(sizes[0]))
    }
}
