import Foundation
import Levels
import Testing

@testable import ModelFiles

/// Weights in 8 bits with the scales of their rows.
@Suite struct IntegerTensorTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func file(_ more: [SafetensorsTensor], shape: [Int] = [2, 3]) throws -> SafetensorsFile {
        let path = "\(folder.path)/model.safetensors"
        let values: [Int8] = [127, 0, -3, -127, 5, 1]
        try SafetensorsWriter.write(
            [
                SafetensorsTensor(
                    name: "x.weight", shape: shape, elementType: .i8,
                    bytes: values.withUnsafeBytes { Data($0) })
            ] + more, metadata: [:], to: path)
        return try SafetensorsFile(path: path)
    }

    private func scales(_ floats: [Float], shape: [Int], _ name: String = "x.weight_scale")
        -> SafetensorsTensor
    {
        SafetensorsTensor(name: name, shape: shape, floats: floats)
    }

    @Test(arguments: [[2], [2, 1]])
    func rowsAreMultipliedWithTheirScales(shape: [Int]) throws {
        let other = scales([7], shape: [1], "y_scale")
        let file = try file([scales([0.5, 2], shape: shape), other])
        #expect(try file.float32("x.weight", shape: [2, 3]) == [63.5, 0, -1.5, -254, 10, 2])
        #expect(try file.tensor("x.weight").floats(rows: 1..<2) == [-254, 10, 2])
        let integers = try #require(try file.integers("x.weight", shape: [2, 3]))
        #expect(integers.values == [127, 0, -3, -127, 5, 1] && integers.scales == [0.5, 2])
        #expect(try file.integers("y_scale", shape: [1]) == nil)
        #expect(file.parameters.map(\.name) == ["y_scale", "x.weight"])
    }

    @Test func whatIsWrongWithScalesIsSaidWithTheTensorsName() throws {
        let bytes = SafetensorsTensor(
            name: "x.weight_scale", shape: [2], elementType: .i8, bytes: Data([1, 1]))
        let zero = scales([0, 0], shape: [2], "x.weight_zero_point")
        let wrong: [([SafetensorsTensor], [Int], String)] = [
            ([], [2, 3], "tensor 'x.weight': found dtype I8 and no tensor 'x.weight_scale'"),
            (
                [scales([1, 1, 1], shape: [3])], [2, 3],
                "tensor 'x.weight_scale': found shape [3], allowed [2] or [2, 1]"
            ),
            ([scales([1, 1], shape: [1, 2])], [2, 3], "tensor 'x.weight_scale': found shape [1, 2]"),
            ([scales([1, .nan], shape: [2])], [2, 3], "tensor 'x.weight_scale': found nan at element 1"),
            ([bytes], [2, 3], "tensor 'x.weight_scale': found dtype I8"),
            ([scales([1, 1], shape: [2]), zero], [2, 3], "tensor 'x.weight': found 'x.weight_zero_point'"),
            ([scales([1], shape: [1])], [6], "tensor 'x.weight': found dtype I8"),
        ]
        for (more, shape, words) in wrong {
            let file = try file(more, shape: shape)
            let issues = [
                #expect(throws: Issue.self) { try file.weights("x.weight") },
                #expect(throws: Issue.self) { try file.integers("x.weight", shape: shape) },
            ]
            for issue in issues {
                #expect(issue?.description.contains(words) == true, "\(issue?.description ?? "")")
            }
        }
    }

    private func written(_ tensors: [SafetensorsTensor]) throws -> SafetensorsFile {
        let path = "\(folder.path)/packed.safetensors"
        try SafetensorsWriter.write(tensors, metadata: [:], to: path)
        return try SafetensorsFile(path: path)
    }

    /// Units of two rows, of which the last has one.
    private let sparse: [Int8] = [1, 0, 2, 0, 0, 3, 0, 0, 0, 4, 0, 5]

    @Test func droppedColumnsAreLeftOut() throws {
        let file = try written(
            SafetensorsTensor.integers("x", kept: sparse, scales: [1, 2, 0.5], unitRows: 2))
        let info = try file.info("x")
        #expect(info.packing == .kept(unitRows: 2) && info.shape == [3, 4] && info.byteRange.count == 8)
        #expect(try file.integers("x", shape: [3, 4])?.values == sparse)
        #expect(try file.float32("x") == [1, 0, 2, 0, 0, 6, 0, 0, 0, 2, 0, 2.5])
        #expect(try file.tensor("x").floats(rows: 1..<2) == [0, 6, 0, 0])
        #expect(file.parameters.map(\.elementCount) == [12] && file.names.count { file.isPart($0) } == 3)
    }

    @Test func fourBitsAreMultiplied() throws {
        let packed: [UInt8] = [0x91, 0x8F, 0x88, 0x8A]
        let file = try written(
            SafetensorsTensor.nibbles("x", packed: packed, multipliers: [18, 1], scales: [1, 2], columns: 3))
        #expect(try file.info("x").packing == .nibbles)
        #expect(try file.integers("x", shape: [2, 3])?.values == [-126, 18, 126, 0, 0, 2])
        #expect(try file.float32("x") == [-126, 18, 126, 0, 0, 4])
    }

    @Test func partsThatDoNotBelongTogetherAreNamed() throws {
        let good = SafetensorsTensor.integers("x", kept: sparse, scales: [1, 2, 0.5], unitRows: 2)
        let nibbles = SafetensorsTensor.nibbles(
            "x", packed: [0x91, 0x8F, 0x88, 0x8A], multipliers: [18, 1], scales: [1, 2], columns: 3)
        func i64(_ numbers: [Int64]) -> SafetensorsTensor {
            SafetensorsTensor(
                name: "x_shape", shape: [numbers.count], elementType: .i64,
                bytes: numbers.withUnsafeBytes { Data($0) })
        }
        func u8(_ name: String, _ shape: [Int], _ bytes: [UInt8]) -> SafetensorsTensor {
            SafetensorsTensor(name: name, shape: shape, elementType: .u8, bytes: Data(bytes))
        }
        let wrong: [([SafetensorsTensor], SafetensorsTensor, String)] = [
            (good, i64([2, 3, 4, 2]), "tensor 'x_shape': found version 2, allowed 1"),
            (good, i64([1, 3, 4, 0]), "tensor 'x_shape': found [3, 4, 0]"),
            (
                good, i64([1, 3, 4]),
                "tensor 'x_shape': found dtype I64, shape [3], allowed dtype I64, shape [4]"
            ),
            (good, i64([1, 9, 4, 2]), "tensor 'x_kept': found dtype U8, shape [2, 1]"),
            (
                good, u8("x_kept", [2, 1], [15, 15]),
                "tensor 'x': found 8 numbers, allowed as many as 'x_kept' says"
            ),
            (good, u8("x_kept", [2, 1], [1, 1]), "tensor 'x': found 8 numbers"),
            (
                nibbles, u8("x_multiplier", [2, 1], [18, 19]),
                "tensor 'x_multiplier': found 19, allowed 1 to 18"
            ),
            (nibbles, u8("x", [2, 2], [0x90, 0x8F, 0x88, 0x8A]), "tensor 'x': found the byte 144"),
            (nibbles, u8("x", [2, 1], [0x91, 0x8F]), "tensor 'x': found dtype U8, shape [2, 1]"),
        ]
        for (tensors, other, words) in wrong {
            let issue = #expect(throws: Issue.self) {
                _ = try written(tensors.filter { $0.name != other.name } + [other]).weights("x")
            }
            #expect(issue?.description.contains(words) == true, "\(issue?.description ?? "")")
        }
    }
}
