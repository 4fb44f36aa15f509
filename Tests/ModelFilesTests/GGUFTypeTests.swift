import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct GGUFTypeTests {
    private struct Blocks: Decodable {
        let type: UInt32
        let bytes: Data
        let floats: Data
    }

    /// What llama.cpp's own package makes of random blocks of every type; make_gguf_types.py says how.
    @Test func everyTypeIsDequantizedAsByTheReference() throws {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/gguf_types.json")
        let blocks = try JSONDecoder().decode([String: Blocks].self, from: Data(contentsOf: fixture))
        let scalars: Set<GGUFElementType> = [.f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64, .q8_K]
        #expect(
            Set(blocks.values.map(\.type))
                == Set(GGUFElementType.allCases.map(\.rawValue)).subtracting(scalars.map(\.rawValue)))
        for (name, block) in blocks {
            let type = try #require(GGUFElementType(rawValue: block.type))
            #expect(type.name == name)
            let found = block.bytes.withUnsafeBytes { Dequantization.floats($0, from: type) }
            let wanted = block.floats.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            #expect(
                block.bytes.count == 2 * type.blockBytes && found.count == 2 * type.blockElements, "\(name)")
            let most = wanted.map(abs).max() ?? 0
            // The reference multiplies in another order here and there.
            #expect(zip(found, wanted).allSatisfy { abs($0 - $1) <= most * 1e-6 }, "\(name)")
        }
    }

    @Test func wholeNumbersAndDoublesAreRead() {
        func floats<Value>(_ values: [Value], _ type: GGUFElementType) -> [Float] {
            values.withUnsafeBytes { Dequantization.floats($0, from: type) }
        }
        #expect(floats([Int8](arrayLiteral: -3, 7), .i8) == [-3, 7])
        #expect(floats([Int16](arrayLiteral: -300, 7), .i16) == [-300, 7])
        #expect(floats([Int32](arrayLiteral: -70_000, 7), .i32) == [-70_000, 7])
        #expect(floats([Int64](arrayLiteral: -1 << 40, 7), .i64) == [-0x1p40, 7])
        #expect(floats([0.5, -2] as [Double], .f64) == [0.5, -2])
        var block = [UInt8](repeating: 0, count: 292)
        block.replaceSubrange(0..<4, with: [0, 0, 0, 0x3F])  // 0.5
        block[4 + 255] = 0xFE
        #expect(floats(block, .q8_K).last == -1)
    }

    /// A model in parts is read by the name of any of them.
    @Test func filesInParts() throws {
        let folder = try TemporaryFolder()
        func path(_ part: Int, of count: Int = 2) -> String {
            "\(folder.path)/m-0000\(part)-of-0000\(count).gguf"
        }
        func write(_ part: Int, _ entries: [GGUFEntry]) throws {
            try GGUFWriter.write(
                [GGUFTensor(name: "t\(part)", shape: [2], encoding: .f32) { [Float(part), 0] }],
                metadata: entries + [
                    GGUFEntry(key: "split.count", value: .uint16(2)),
                    GGUFEntry(key: "split.tensors.count", value: .int32(2)),
                ], to: path(part))
        }
        try write(1, [GGUFEntry(key: "general.architecture", value: .string("llama"))])
        #expect(throws: Levels.Issue.self) { try GGUFFile(path: path(1)) }
        try write(2, [])
        for part in [1, 2] {
            let file = try GGUFFile(path: path(part))
            #expect(try file.string("general.architecture") == "llama")
            #expect(file.names == ["t1", "t2"])
            #expect(try file.tensor("t1").floats() == [1, 0] && file.tensor("t2").floats() == [2, 0])
        }
        let renamed = "\(folder.path)/other.gguf"
        try FileManager.default.copyItem(atPath: path(1), toPath: renamed)
        let error = #expect(throws: Levels.Issue.self) { try GGUFFile(path: renamed) }
        #expect(error?.description.contains("NAME-00001-of-00002.gguf") == true)
        #expect(
            GGUFFile.isAt(renamed) && !GGUFFile.isAt(folder.path) && !GGUFFile.isAt("\(folder.path)/none"))
        #expect(
            GGUFFile.isLaterPart(path(2)) && !GGUFFile.isLaterPart(path(1)) && !GGUFFile.isLaterPart(renamed))
    }
}
