import Foundation
import Levels
import Testing

@testable import ModelFiles

@Suite struct SafetensorsTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func roundTrip() throws {
        let path = "\(folder.path)/out.safetensors"
        let floats: [Float] = [1, -2.5, 65_504, 0x1p-24, .infinity, 0.1]
        let longs = Data([1, 0, 0, 0, 0, 0, 0, 0])
        try SafetensorsWriter.write(
            [
                SafetensorsTensor(name: "b \"quoted\"\n", shape: [2, 3], floats: floats),
                SafetensorsTensor(name: "a", shape: [6], floats: floats, as: .f16),
                SafetensorsTensor(name: "ids", shape: [1], elementType: .i64, bytes: longs),
                SafetensorsTensor(name: "mask", shape: [3], elementType: .bool) { Data([1, 0, 1]) },
                SafetensorsTensor(name: "empty", shape: [0, 4], floats: []),
                SafetensorsTensor(name: "scalar", shape: [], floats: [7]),
            ], metadata: ["format": "pt", "é": "ü"], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.names == ["ids", "b \"quoted\"\n", "empty", "scalar", "a", "mask"])
        #expect(file.metadata == ["format": "pt", "é": "ü"])
        #expect(try file.float32("b \"quoted\"\n", shape: [2, 3]) == floats)
        #expect(try file.float32("a") == [1, -2.5, 65_504, 0x1p-24, .infinity, 0.099975586])
        #expect(try file.withUnsafeBytes(of: "ids") { Data($0) } == longs)
        #expect(try file.withUnsafeBytes(of: "mask") { Data($0) } == Data([1, 0, 1]))
        #expect(try file.float32("empty", shape: [0, 4]) == [])
        #expect(try file.float32("scalar", shape: []) == [7])
        #expect(try file.info("a").elementCount == 6)
        for tensor in file.tensors.values {
            #expect(tensor.byteRange.lowerBound % tensor.elementType.byteCount == 0)
        }
    }

    @Test func unalignedTensorsAreRead() throws {
        var data = safetensors(
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}"#
        )
        data.append(9)
        [Float(1.5), -3].withUnsafeBytes { data.append(contentsOf: $0) }
        #expect(try SafetensorsFile(path: folder.file(data)).float32("b") == [1.5, -3])
    }

    @Test func readErrorsNameFileAndTensor() throws {
        let path = try folder.file(
            safetensors(#"{"n":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}"#, dataByteCount: 8))
        let file = try SafetensorsFile(path: path)
        func message(_ body: () throws -> [Float]) -> String? {
            #expect(throws: Levels.Issue.self) { try body() }?.description
        }
        #expect(
            message { try file.float32("x") }
                == "\(path): tensor 'x': found no such tensor, allowed one of the 1 in the file")
        #expect(
            message { try file.float32("n") }
                == "\(path): tensor 'n': found dtype I32, allowed F32, F16, BF16, F64")
        #expect(
            message { try file.float32("n", shape: [3]) }
                == "\(path): tensor 'n': found shape [2], allowed [3]")
    }

    @Test(arguments: [
        (
            SafetensorsTensor(name: "t", shape: [2], floats: [1]),
            "found 1 floats, allowed 2 for shape [2] of F32"
        ),
        (
            SafetensorsTensor(name: "t", shape: [2], elementType: .u8, bytes: Data([1])),
            "found 1 bytes, allowed 2"
        ),
        (
            SafetensorsTensor(name: "t", shape: [2], elementType: .u8) { Data([1]) },
            "found 1 bytes, allowed 2"
        ),
        (SafetensorsTensor(name: "t", shape: [-1], floats: []), "found shape [-1], allowed a size"),
        (SafetensorsTensor(name: "t", shape: [.max, 2], floats: []), "allowed a size in bytes below 2^63"),
        (
            SafetensorsTensor(name: "__metadata__", shape: [], floats: [1]),
            "found a name that is taken or reserved"
        ),
    ])
    func refusedTensorsLeaveTheOldFile(tensor: SafetensorsTensor, message: String) throws {
        let path = try folder.file(Data("old".utf8))
        let error = #expect(throws: Levels.Issue.self) {
            try SafetensorsWriter.write([tensor], metadata: [:], to: path)
        }
        #expect(error?.field == .tensor(tensor.name) && error?.subject == .path(path))
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
    }

    @Test(.enabled(if: MiniLM.isPresent, "models/minilm is absent; set SECATEUR_MODELS"))
    func miniLM() throws {
        let file = try SafetensorsFile(path: "\(MiniLM.folder)/model.safetensors")
        #expect(file.metadata == ["format": "pt"])
        #expect(try file.info("embeddings.word_embeddings.weight").shape == [30_522, 384])
        #expect(try file.info("encoder.layer.5.intermediate.dense.weight").shape == [1_536, 384])
        #expect(
            try file.float32("embeddings.word_embeddings.weight", shape: [30_522, 384]).allSatisfy(\.isFinite)
        )
        #expect(
            file.tensors.values.filter { $0.elementType == .i64 }.map(\.name) == ["embeddings.position_ids"])
    }
}
