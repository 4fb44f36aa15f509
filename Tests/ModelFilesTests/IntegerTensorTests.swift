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
}
