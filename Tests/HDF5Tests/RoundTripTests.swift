import Foundation
import HDF5
import Testing

@Suite struct RoundTripTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("round-trip.h5")
    }

    private func roundTrip<Scalar: HDF5Scalar>(_ values: [Scalar]) throws {
        let file = try HDF5File.create(path: path)
        try file.root.write("values", values)
        try file.close()
        let again = try HDF5File.open(path: path, mode: .readOnly)
        let dataset = try again.root.dataset("values")
        #expect(try dataset.shape == [values.count])
        #expect(try dataset.read(as: Scalar.self) == values)
    }

    @Test func everyScalarComesBackExactly() throws {
        try roundTrip([0, -1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity] as [Float])
        try roundTrip([0, -1.5, .greatestFiniteMagnitude, .pi, -.infinity] as [Double])
        try roundTrip([.min, -1, 0, .max] as [Int32])
        try roundTrip([.min, -1, 0, .max] as [Int64])
        try roundTrip([0, 127, 128, .max] as [UInt8])
        try roundTrip([0, 1 << 63, .max] as [UInt64])
        try roundTrip([] as [Float])
    }

    @Test func shapesAreRowMajor() throws {
        let file = try HDF5File.create(path: path)
        try file.root.write("matrix", [1, 2, 3, 4, 5, 6] as [Int32], shape: [3, 2])
        try file.root.write("single", [7] as [Int32], shape: [])
        let matrix = try file.root.dataset("matrix")
        #expect(try matrix.shape == [3, 2])
        #expect(try matrix.readRows(1..<3, as: Int32.self) == [3, 4, 5, 6])
        #expect(try matrix.readRows(1..<1, as: Int32.self) == [])
        #expect(try file.root.dataset("single").shape == [])
        #expect(try file.root.dataset("single").read(as: Int32.self) == [7])
    }

    @Test func numbersAreConvertedAndClipped() throws {
        let file = try HDF5File.create(path: path)
        try file.root.write("reals", [1.75, -3.5, 1e20, 300] as [Double])
        let reals = try file.root.dataset("reals")
        #expect(try reals.read(as: Float.self) == [1.75, -3.5, 1e20, 300])
        #expect(try reals.read(as: Int32.self) == [1, -3, .max, 300])
        #expect(try reals.read(as: UInt8.self) == [1, 0, 255, 255])
    }

    @Test func stringsAreUTF8() throws {
        let strings = ["", "query", "Schlüssel", "剪枝", "✂️🌿", "two\nlines"]
        let file = try HDF5File.create(path: path)
        try file.root.writeStrings("names", strings)
        try file.root.writeStrings("none", [])
        try file.close()
        let again = try HDF5File.open(path: path, mode: .readOnly)
        #expect(try again.root.readStrings("names") == strings)
        #expect(try again.root.readStrings("none") == [])
    }

    @Test func groupsHoldPathsAndListNames() throws {
        let file = try HDF5File.create(path: path)
        let root = try file.root
        let agent = try root.createGroup("agent")
        try agent.write("encoder.layer.0.weight", [1] as [Float])
        try root.write("optimizer/first/moment", [2] as [Float])
        #expect(try root.names == ["agent", "optimizer"])
        #expect(try root.group("agent").names == ["encoder.layer.0.weight"])
        #expect(try root.group("optimizer").dataset("first/moment").read(as: Float.self) == [2])
        #expect(try root.contains("optimizer/first/moment"))
        #expect(try !root.contains("optimizer/second/moment"))
        #expect(try !root.contains("Agent"))
    }

    @Test(arguments: [false, true]) func attributesComeBack(latestFormat: Bool) throws {
        let file = try HDF5File.create(path: path, latestFormat: latestFormat)
        try file.root.write("rows", [1] as [Float])
        try file.root.setAttribute("text", "µs, 剪枝")
        try file.root.setAttribute("empty", "")
        try file.root.setAttribute("count", Int.min)
        try file.root.setAttribute("ratio", 0.1)
        try file.root.setAttribute("sizes", [384, 1536])
        try file.root.setAttribute("levels", [0.5, 0.75])
        try file.root.setAttribute("nothing", [Double]())
        try file.root.dataset("rows").setAttribute("unit", "s")
        try file.root.dataset("rows").setAttribute("unit", "ms")
        try file.close()

        let root = try HDF5File.open(path: path, mode: .readOnly).root
        #expect(try root.attribute("text") == "µs, 剪枝")
        #expect(try root.attribute("empty") == "")
        #expect(try root.attribute("count") == Int.min)
        #expect(try root.attribute("ratio") == 0.1)
        #expect(try root.attribute("sizes") == [384, 1536])
        #expect(try root.attribute("sizes") == [384.0, 1536.0])
        #expect(try root.attribute("levels") == [0.5, 0.75])
        #expect(try root.attribute("nothing") == [Double]())
        #expect(try root.dataset("rows").attribute("unit") == "ms")
        #expect(try root.attributeIfPresent("missing", as: Int.self) == nil)
        #expect(try root.attributeIfPresent("ratio", as: Double.self) == 0.1)
    }

    @Test(arguments: [false, true]) func theSameContentMakesTheSameBytes(latestFormat: Bool) throws {
        try writeSample(to: path, latestFormat: latestFormat)
        let first = try Data(contentsOf: URL(fileURLWithPath: path))
        Thread.sleep(forTimeInterval: 1.1)
        try writeSample(to: path, latestFormat: latestFormat)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    }

    @Test func aGroupOutlivesTheVariableOfItsFile() throws {
        try writeSample(to: path, latestFormat: false)
        let weights = try HDF5File.open(path: path, mode: .readOnly).root.dataset("layers/weights")
        #expect(try weights.read(as: Float.self).count == 24)
    }
}
