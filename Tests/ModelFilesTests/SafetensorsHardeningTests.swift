import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct SafetensorsHardeningTests {
    private static func entry(_ dtype: String, _ shape: String, _ offsets: String) -> String {
        #"{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
    }

    /// Headers over 8 bytes of data, the tensor the error names, and what it says.
    private static let malformedHeaders: [(header: String, tensor: String?, message: String)] = [
        ("", nil, "no '{' at its start"),
        ("[]", nil, "no '{' at its start"),
        ("{", nil, "allowed valid JSON"),
        ("{} x", nil, "text after the JSON value"),
        ("{\"a\":01}", nil, "allowed valid JSON"),
        ("{\"a\":\"\\ud800\"}", nil, "half of a surrogate pair"),
        (#"{"a":\#(String(repeating: "[", count: 100_000))"#, nil, "nesting deeper than 64"),
        (#"{"__metadata__":{"a":1}}"#, nil, "'__metadata__.a': found 1, allowed a string"),
        (#"{"__metadata__":[]}"#, nil, "'__metadata__': found a list of 0, allowed an object"),
        (
            #"{"t":\#(entry("U8", "[8]", "[0,8]")),"t":\#(entry("U8", "[8]", "[0,8]"))}"#, nil,
            "the key 't' a second time"
        ),
        (
            #"{"t":\#(entry("U8", "[8]", "[0,8]")),"\u0074":\#(entry("U8", "[8]", "[0,8]"))}"#, nil,
            "the key 't' a second"
        ),
        (#"{"t":5}"#, "t", "found 5, allowed an object"),
        (#"{"t":{"shape":[8],"data_offsets":[0,8]}}"#, "t", "found dtype nothing, allowed BOOL, U8"),
        (#"{"t":\#(entry("X9", "[8]", "[0,8]"))}"#, "t", "found dtype 'X9', allowed BOOL, U8"),
        (#"{"t":\#(entry("U8", "8", "[0,8]"))}"#, "t", "found shape 8, allowed a list of integers"),
        (#"{"t":\#(entry("U8", "[-8]", "[0,8]"))}"#, "t", "found shape [-8], allowed a list of integers"),
        (#"{"t":\#(entry("U8", "[8.0]", "[0,8]"))}"#, "t", "found shape [8.0], allowed a list of integers"),
        (
            #"{"t":\#(entry("U8", "[99999999999999999999]", "[0,8]"))}"#, "t",
            "allowed a list of integers from 0"
        ),
        (
            #"{"t":\#(entry("F32", "[4294967296,4294967296]", "[0,8]"))}"#, "t",
            "allowed a size in bytes below 2^63"
        ),
        (
            #"{"t":\#(entry("F64", "[2305843009213693952]", "[0,0]"))}"#, "t",
            "allowed a size in bytes below 2^63"
        ),
        (#"{"t":\#(entry("U8", "[8]", "[0]"))}"#, "t", "found data_offsets [0], allowed [start, end]"),
        (#"{"t":\#(entry("U8", "[8]", "[8,0]"))}"#, "t", "found data_offsets [8, 0]"),
        (#"{"t":\#(entry("U8", "[8]", "[-1,7]"))}"#, "t", "found data_offsets [-1, 7]"),
        (
            #"{"t":\#(entry("U8", "[9]", "[0,9]"))}"#, "t",
            "found data_offsets [0, 9], allowed [start, end] with 0 ≤ start ≤ end ≤ 8"
        ),
        (#"{"t":\#(entry("U8", "[8]", "[0,9223372036854775807]"))}"#, "t", "found data_offsets"),
        (#"{"t":\#(entry("U8", "[8]", "[0,18446744073709551615]"))}"#, "t", "found data_offsets"),
        (
            #"{"t":\#(entry("F32", "[1]", "[0,8]"))}"#, "t",
            "found 8 bytes in data_offsets, allowed 4 for shape [1] of F32"
        ),
        (
            #"{"a":\#(entry("U8", "[5]", "[0,5]")),"b":\#(entry("U8", "[5]", "[3,8]"))}"#, "b",
            "found an overlap"
        ),
        (#"{"a":\#(entry("U8", "[3]", "[0,3]")),"b":\#(entry("U8", "[3]", "[5,8]"))}"#, "b", "found a hole"),
        (#"{"a":\#(entry("U8", "[5]", "[0,5]"))}"#, nil, "found 3 bytes after the last tensor, allowed none"),
        ("{}", nil, "found 8 bytes after the last tensor"),
        (
            #"{"\u00e9":\#(entry("U8", "[4]", "[0,4]")),"e\u0301":\#(entry("U8", "[4]", "[4,8]"))}"#, "é",
            "Unicode takes for the same"
        ),
    ]

    private static func error(_ data: Data) throws -> Levels.Issue? {
        let folder = try TemporaryFolder()
        let path = try folder.file(data)
        let error = #expect(throws: Levels.Issue.self) { try SafetensorsFile(path: path) }
        #expect(error?.subject == .path(path))
        #expect(error?.description.hasPrefix("\(path): ") == true)
        #expect(error?.description.contains("\n") == false)
        return error
    }

    @Test(arguments: malformedHeaders.indices)
    func malformedHeaderIsOneClearError(index: Int) throws {
        let example = Self.malformedHeaders[index]
        let error = try Self.error(safetensors(example.header, dataByteCount: 8))
        if let tensor = example.tensor { #expect(error?.field == .tensor(tensor)) }
        #expect(error?.description.contains(example.message) == true, "\(String(describing: error))")
    }

    @Test func malformedLengths() throws {
        #expect(
            try Self.error(Data())?.description.hasSuffix(": found an empty file, allowed at least 1 byte")
                == true)
        #expect(
            try Self.error(Data([1, 2, 3]))?.description.hasSuffix(": found 3 bytes, allowed at least 8")
                == true)
        let short = Data([3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])
        #expect(try Self.error(short)?.field == "header")
        #expect(try Self.error(short)?.found == "a length of 3 bytes")
        #expect(try Self.error(short)?.allowed == "at most 2")
        let huge = Data(repeating: 0xFF, count: 16)
        #expect(try Self.error(huge)?.description.contains("a length of 18446744073709551615 bytes") == true)
        let notUTF8 = Data([4, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0xFF, 0xFE, 0x7D])
        #expect(try Self.error(notUTF8)?.description.contains("bytes that are not UTF-8") == true)
    }

    @Test func headerBeyondTheLimit() throws {
        let folder = try TemporaryFolder()
        var length = Data()
        withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { length.append(contentsOf: $0) }
        let path = try folder.file(length)
        #expect(truncate(path, 100_000_100) == 0)
        let error = #expect(throws: Levels.Issue.self) { try SafetensorsFile(path: path) }
        #expect(
            error?.description
                == "\(path): header: found a length of 100000001 bytes, allowed at most 100000000")
    }

    /// A mutated file either opens, and then every tensor can be read, or gives an error.
    @Test func mutatedFilesNeverCrash() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fuzz.safetensors"
        try SafetensorsWriter.write(
            [
                SafetensorsTensor(name: "weight", shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]),
                SafetensorsTensor(name: "bias", shape: [3], floats: [1, 2, 3], as: .f16),
                SafetensorsTensor(name: "ids", shape: [1], elementType: .i64, bytes: Data(count: 8)),
            ], metadata: ["format": "pt"], to: path)
        let original = try Data(contentsOf: URL(fileURLWithPath: path))
        var generator = SplitMix64(state: 42)
        var opened = 0
        for _ in 0..<5_000 {
            try mutate(original, using: &generator).write(to: URL(fileURLWithPath: path))
            do {
                let file = try SafetensorsFile(path: path)
                opened += 1
                for name in file.names {
                    let count = try file.info(name).elementCount
                    #expect((try? file.float32(name).count) ?? count == count)
                    _ = try file.withUnsafeBytes(of: name) { $0.reduce(0, &+) }
                }
            } catch let error as Levels.Issue {
                #expect(error.subject == .path(path))
            }
        }
        #expect(opened > 100 && opened < 4_900, "mutations should give some readable and many broken files")
    }

    private func mutate(_ data: Data, using generator: inout SplitMix64) -> Data {
        var data = data
        for _ in 0...Int.random(in: 0..<3, using: &generator) {
            let index = Int.random(in: 0..<data.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: data[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: data[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: data[index] = UInt8.random(in: 0x30...0x39, using: &generator)
            case 3: data.insert(Array("\"[]{},:-9\\".utf8).randomElement(using: &generator) ?? 0, at: index)
            case 4 where data.count > 1: data.remove(at: index)
            default:
                data =
                    data.prefix(max(1, index)) + Data(data.suffix(Int.random(in: 0...8, using: &generator)))
            }
            data = Data(data)
        }
        return data
    }
}

/// A small generator with a fixed seed (Steele, Lea and Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
