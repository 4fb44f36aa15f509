import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct GGUFTests {
    private let metadata: [GGUFEntry] = [
        GGUFEntry(key: "general.architecture", value: .string("llama")),
        GGUFEntry(key: "a.flag", value: .boolean(true)),
        GGUFEntry(key: "a.byte", value: .uint8(255)),
        GGUFEntry(key: "a.signed", value: .int64(-5)),
        GGUFEntry(key: "a.ratio", value: .float32(0.25)),
        GGUFEntry(key: "a.names", value: .array(type: .string, [.string("é"), .string("")])),
        GGUFEntry(
            key: "a.lists", value: .array(type: .array, [.array(type: .int32, [.int32(1), .int32(-2)])])),
    ]

    @Test func writtenFileReadsBack() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.gguf"
        let matrix = (0..<64).map { Float($0) / 7 - 3 }
        try GGUFWriter.write(
            [
                GGUFTensor(name: "exact", shape: [3], encoding: .f32) { [1, -2, 3.5] },
                GGUFTensor(name: "half", shape: [2, 32], encoding: .f16) { matrix },
                GGUFTensor(name: "eight", shape: [2, 32], encoding: .q8_0) { matrix },
            ], metadata: metadata, to: path)
        let file = try GGUFFile(path: path)
        #expect(file.metadata == metadata)
        #expect(file.names == ["exact", "half", "eight"])
        #expect(try file.tensor("exact").floats() == [1, -2, 3.5])
        #expect(try file.tensor("half").shape == [2, 32])
        for (found, value) in zip(try file.tensor("half").floats(), matrix) {
            #expect(abs(found - value) <= abs(value) / 2048)
        }
        // A block's step is its largest magnitude / 127; rounding is off by half a step at most, and the
        // step itself by one part in 2048.
        let tolerance: Float = 6.0 / 127.0 * 0.51 + 6.0 / 2048.0
        for (found, value) in zip(try file.tensor("eight").floats(), matrix) {
            #expect(abs(found - value) <= tolerance)
        }
        #expect(
            try file.tensor("eight").floats(rows: 1..<2) == Array(try file.tensor("eight").floats()[32...]))
    }

    @Test func zerosStayZerosInEightBits() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.gguf"
        let sparse = (0..<64).map { $0 % 3 == 0 ? Float($0) : 0 }
        try GGUFWriter.write(
            [GGUFTensor(name: "t", shape: [64], encoding: .q8_0) { sparse }], metadata: [], to: path)
        for (found, value) in zip(try GGUFFile(path: path).tensor("t").floats(), sparse) where value == 0 {
            #expect(found == 0)
        }
    }

    /// Numbers that are on such a grid come back as they were, and others within half a step of the largest seventh.
    @Test func fourBitsAreWholeMultiplesOfAScale() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.gguf"
        let quarters: [Float] = (0..<32).map { Float($0 % 15 - 7) * 0.25 }
        let evens: [Float] = (0..<32).map { Float($0 % 7 - 3) * 2 }
        let onGrid = quarters + evens
        let others: [Float] = (0..<32).map { Float($0) / 31 - 0.4 }
        try GGUFWriter.write(
            [GGUFTensor(name: "t", shape: [3, 32], encoding: .q4_0) { onGrid + others }], metadata: [],
            to: path)
        let file = try GGUFFile(path: path)
        #expect(try file.info("t").elementType == .q4_0)
        let found = try file.tensor("t").floats()
        #expect(Array(found[..<64]) == onGrid)
        #expect(zip(found[64...], others).allSatisfy { abs($0 - $1) <= 0.6 / 7 / 2 + 1e-3 })
    }

    /// Blocks put together by hand from the definitions of ggml-common.h.
    @Test func quantizedBlocksAreDequantized() {
        let one: [UInt8] = [0x00, 0x3C]  // 1 in half precision
        let half: [UInt8] = [0x00, 0x38]  // 0.5
        func floats(_ bytes: [UInt8], _ type: GGUFElementType) -> [Float] {
            bytes.withUnsafeBytes { Dequantization.floats($0, from: type) }
        }
        // Low nibbles are the first 16 elements, high ones the other 16.
        let low = (0..<16).map { Float($0) }
        let high = Array(low.reversed())
        let nibbles = (0..<16).map { (index: UInt8) in index | (15 - index) << 4 }
        let both = low + high
        #expect(floats(half + nibbles, .q4_0) == both.map { ($0 - 8) / 2 })
        #expect(floats(half + one + nibbles, .q4_1) == both.map { $0 / 2 + 1 })
        let signed = (0..<32).map { Int8($0 - 16) }
        #expect(floats(one + signed.map { UInt8(bitPattern: $0) }, .q8_0) == signed.map { Float($0) })
        // Q4_K: sub-block 0 has scale 1 and minimum 2, sub-block 5 scale 35 (2 high bits) and minimum 18.
        var scales = [UInt8](repeating: 0, count: 12)
        scales[0] = 1
        scales[4] = 2
        scales[9] = 3 | 2 << 4
        scales[1] |= 2 << 6
        scales[5] |= 1 << 6
        let kBlock = one + half + scales + [UInt8](repeating: 0x73, count: 128)
        let values = floats(kBlock, .q4_K)
        #expect(values.count == 256)
        #expect(values[0] == 1 * 3 - 0.5 * 2)
        #expect(values[5 * 32 + 3] == 35 * 7 - 0.5 * 18)
        // Q6_K: low bits 0x5 and 0xA, high bits 0b11, 0b10, 0b01, 0b00 for the four quarters of a half.
        var sixBlock = [UInt8](repeating: 0xA5, count: 128) + [UInt8](repeating: 0b0001_1011, count: 64)
        for scale in -8..<8 { sixBlock.append(UInt8(bitPattern: Int8(scale))) }
        sixBlock += one
        let six = floats(sixBlock, .q6_K)
        #expect(six[0] == -8 * Float(0x35 - 32))
        #expect(six[16] == -7 * Float(0x35 - 32))
        #expect(six[32] == -6 * Float(0x25 - 32))
        #expect(six[64] == -4 * Float(0x1A - 32))
        #expect(six[96] == -2 * Float(0x0A - 32))
        #expect(six[128] == 0 * Float(0x35 - 32))
    }

    @Test func rowsMustBeWholeBlocks() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: Levels.Issue.self) {
            try GGUFWriter.write(
                [GGUFTensor(name: "t", shape: [2, 33], encoding: .q8_0) { [] }], metadata: [],
                to: "\(folder.path)/m.gguf")
        }
        #expect(error?.field == .tensor("t"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/m.gguf"))
    }
}

@Suite struct GGUFHardeningTests {
    /// A header with the fields given, in order.
    private struct Bytes {
        var data = Data()

        func number(_ value: some FixedWidthInteger) -> Bytes {
            var copy = self
            withUnsafeBytes(of: value.littleEndian) { copy.data.append(contentsOf: $0) }
            return copy
        }

        func text(_ text: String) -> Bytes {
            var copy = number(UInt64(text.utf8.count))
            copy.data.append(contentsOf: text.utf8)
            return copy
        }

        static func header(
            tensors: UInt64 = 0, entries: UInt64 = 0, magic: UInt32 = 0x4655_4747, version: UInt32 = 3
        ) -> Bytes {
            Bytes().number(magic).number(version).number(tensors).number(entries)
        }

        func tensor(_ name: String, dimensions: [UInt64], type: UInt32, offset: UInt64) -> Bytes {
            dimensions.reduce(text(name).number(UInt32(dimensions.count))) { $0.number($1) }
                .number(type).number(offset)
        }
    }

    private static let malformed: [(bytes: Bytes, message: String)] = [
        (Bytes().number(UInt32(0x4747)), "no 'GGUF' at its start"),
        (.header(version: 1), "version: found 1, allowed 2 or 3"),
        (.header(version: 0x0300_0000), "byte order: found big-endian, allowed little-endian"),
        (Bytes().number(UInt32(0x4655_4747)).number(UInt32(3)), "tensor count: found the end of the file"),
        (.header(entries: .max), "metadata count: found 18446744073709551615"),
        (.header(tensors: .max), "tensor count: found 18446744073709551615"),
        (.header(entries: 1).text("k").number(UInt32(13)), "value type 13, allowed 0 to 12"),
        (.header(entries: 1).text("k").number(UInt32(7)).number(UInt8(2)), "'k': found 2, allowed 0 or 1"),
        (
            .header(entries: 1).text("key").number(UInt32(8)).number(UInt64.max),
            "'key': length: found 18446744073709551615"
        ),
        (
            .header(entries: 1).text("key").number(UInt32(9)).number(UInt32(4)).number(UInt64(1) << 40),
            "'key': length: found 1099511627776"
        ),
        (
            .header(entries: 2).text("k").number(UInt32(0)).number(UInt8(1)).text("k").number(UInt32(0))
                .number(UInt8(1)),
            "'k': found a second time"
        ),
        (
            (0..<5).reduce(Bytes.header(entries: 1).text("k").number(UInt32(9))) { bytes, _ in
                bytes.number(UInt32(9)).number(UInt64(1))
            }.number(UInt64(0)).number(UInt64(0)),
            "nested deeper than 4"
        ),
        (
            .header(entries: 1).text("general.alignment").number(UInt32(4)).number(UInt32(33)),
            "allowed a power of two"
        ),
        (.header(tensors: 1).tensor("t", dimensions: [1, 1, 1, 1, 1], type: 0, offset: 0), "5 dimensions"),
        (.header(tensors: 1).tensor("t", dimensions: [4], type: 99, offset: 0), "element type 99"),
        (.header(tensors: 1).tensor("t", dimensions: [31], type: 8, offset: 0), "rows of a multiple of 32"),
        (.header(tensors: 1).tensor("t", dimensions: [.max], type: 0, offset: 0), "below 2^63"),
        (
            .header(tensors: 1).tensor("t", dimensions: [1 << 40, 1 << 40], type: 0, offset: 0),
            "a size in bytes below 2^63"
        ),
        (.header(tensors: 1).tensor("t", dimensions: [4], type: 0, offset: 0), "16 bytes at offset 0"),
        (.header(tensors: 1).tensor("t", dimensions: [0], type: 0, offset: 8), "a multiple of 32"),
        (.header(tensors: 1).tensor("t", dimensions: [0], type: 0, offset: 1 << 62), "bytes at offset"),
    ]

    @Test(arguments: malformed.indices)
    func malformedFileIsOneClearError(index: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(Self.malformed[index].bytes.data, name: "model.gguf")
        let error = #expect(throws: Levels.Issue.self) { try GGUFFile(path: path) }
        #expect(error?.subject == .path(path))
        #expect(
            error?.description.contains(Self.malformed[index].message) == true, "\(String(describing: error))"
        )
    }

    @Test func overlappingTensorsAreRefused() throws {
        let folder = try TemporaryFolder()
        let header = Bytes.header(tensors: 2).tensor("a", dimensions: [16], type: 0, offset: 0)
            .tensor("b", dimensions: [16], type: 0, offset: 32)
        var data = header.data
        data.append(Data(count: (32 - data.count % 32) % 32 + 128))
        let error = try #require(
            #expect(throws: Levels.Issue.self) { try GGUFFile(path: folder.file(data, name: "m.gguf")) })
        #expect(error.field == .tensor("b") && error.description.contains("an overlap with 'a'"))
    }

    /// A mutated file either opens, and then every tensor can be read, or gives an error.
    @Test func mutatedFilesNeverCrash() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fuzz.gguf"
        try GGUFWriter.write(
            [
                GGUFTensor(name: "w", shape: [2, 32], encoding: .q8_0) { [Float](repeating: 1, count: 64) },
                GGUFTensor(name: "v", shape: [3], encoding: .f32) { [1, 2, 3] },
            ],
            metadata: [
                GGUFEntry(key: "general.architecture", value: .string("llama")),
                GGUFEntry(key: "l", value: .array(type: .string, [.string("a"), .string("b")])),
            ], to: path)
        let original = try Data(contentsOf: URL(fileURLWithPath: path))
        var generator = SplitMix64(state: 43)
        var opened = 0
        for _ in 0..<4_000 {
            var data = original
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                let index = Int.random(in: 0..<data.count, using: &generator)
                if Int.random(in: 0..<8, using: &generator) == 0 {
                    data = Data(data.prefix(max(index, 1)))
                } else {
                    data[index] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            try data.write(to: URL(fileURLWithPath: path))
            do {
                let file = try GGUFFile(path: path)
                opened += 1
                for name in file.names { _ = try file.tensor(name).floats() }
            } catch let error as Levels.Issue {
                #expect(error.subject == .path(path))
            }
        }
        #expect(opened > 100 && opened < 3_900, "mutations should give some readable and many broken files")
    }
}
