import Foundation
import HDF5
import Levels
import Testing

/// Truncated and altered copies of a small file: reading either works or throws.
///
/// The work is done in a child process, so that a crash or an endless loop inside the C library fails
/// a test instead of ending all of them. What is altered is everything but the global heap, which
/// holds variable-length strings: HDF5 1.10.8 loops for ever over a heap object whose size became 0.
/// The seeds are fixed, because it also crashes on a rare altered file: `FUZZ_ROUNDS=1500` finds one in
/// the old format, in `H5F__accum_read` below `H5Literate`.
@Suite struct DamagedFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: [false, true]) func truncatedCopies(latestFormat: Bool) async throws {
        let sample = folder.file("sample.h5")
        try writeSample(to: sample, latestFormat: latestFormat)
        await #expect(processExitsWith: .success) { [sample = sample as String] in
            alarm(60)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: sample))
            for index in 0..<150 {
                try DamagedFileTests.read(bytes.prefix(bytes.count * index / 150), besides: sample)
            }
        }
    }

    @Test(arguments: [false, true]) func alteredCopies(latestFormat: Bool) async throws {
        let sample = folder.file("sample.h5")
        try writeSample(to: sample, latestFormat: latestFormat)
        await #expect(processExitsWith: .success) { [sample = sample as String] in
            alarm(60)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: sample))
            let heaps = DamagedFileTests.globalHeaps(of: bytes)
            let rounds = ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap { Int($0) } ?? 150
            for seed in 0..<UInt64(rounds) {
                var random = SplitMix64(state: seed)
                var copy = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let position = Int.random(in: 0..<copy.count, using: &random)
                    if !heaps.contains(where: { $0.contains(position) }) {
                        copy[position] = .random(in: 0...255, using: &random)
                    }
                }
                try DamagedFileTests.read(copy, besides: sample)
            }
        }
    }

    /// Where the collections of the global heap are: a signature, and 8 bytes further their size.
    private static func globalHeaps(of bytes: Data) -> [Range<Int>] {
        bytes.indices.filter { bytes[$0...].starts(with: "GCOL".utf8) }.map { start in
            let size = bytes[start + 8..<start + 16].reversed().reduce(0) { $0 << 8 | Int($1) }
            return start..<start + size
        }
    }

    private static func read(_ bytes: Data, besides sample: String) throws {
        let path = "\(sample).damaged"
        try bytes.write(to: URL(fileURLWithPath: path))
        do {
            let file = try HDF5File.open(path: path, mode: .readOnly)
            try walk(try file.root, depth: 0)
            try file.close()
        } catch is Levels.Issue {
            return
        }
    }

    /// Reads everything that there is; what throws is skipped.
    private static func walk(_ group: HDF5Group, depth: Int) throws {
        for name in ["schema", "seeds", "unit"] {
            _ = try? group.attribute(name, as: String.self)
            _ = try? group.attribute(name, as: [Int].self)
        }
        for name in try group.names {
            _ = try? group.readStrings(name, maximumBytes: 1 << 24)
            if let dataset = try? group.dataset(name) {
                _ = try? dataset.read(as: Float.self, maximumBytes: 1 << 24)
                _ = try? dataset.readRows(0..<1, as: Int64.self, maximumBytes: 1 << 24)
                _ = try? dataset.attribute("unit", as: String.self)
            }
            // A damaged link may make a group its own member.
            if depth < 3, let member = try? group.group(name) {
                try? walk(member, depth: depth + 1)
            }
        }
    }
}

/// A small generator with a seed: "Fast splittable pseudorandom number generators", Steele et al., 2014.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
