import Levels
import Testing

@testable import Search

/// Which levels a search is offered, by times that are made up.
@Suite struct LevelSelectionTests {
    private func select(_ times: [(String, Double)]) throws -> LevelSelection {
        try LevelSelection(
            LevelSet(times.map(\.0).joined(separator: ",")), totalMs: times.map(\.1))
    }

    @Test func aPrecisionThatIsFasterEverywhereReplacesTheOther() throws {
        let selected = try select([
            ("dense", 10), ("4x1@0.5", 6), ("4x1@0.8", 3), ("int8", 2.5), ("4x1@0.5:int8", 1.5),
        ])
        #expect(selected.levels.map(\.description) == ["dense", "int8", "4x1@0.500:int8"])
        #expect(selected.notes.count == 1)
        #expect(selected.notes.first?.hasPrefix("4x1 is left out") == true)
    }

    /// 4 bits lose some quality: they stay only where they are faster.
    @Test func fourBitsMustBuyTime() throws {
        let slower = try select([("dense", 10), ("int8", 2.5), ("int4", 2.7)])
        #expect(slower.levels.map(\.description) == ["dense", "int8"])
        #expect(slower.notes.first?.hasPrefix("int4 is left out") == true)
        let faster = try select([("int8", 2.5), ("int4", 1.5)])
        #expect(faster.levels.map(\.description) == ["int8", "int4"])
    }

    /// Zeros that more rows share must buy time.
    @Test func tallerBlocksStayWhereTheyAreFaster() throws {
        let selected = try select([
            ("dense", 10), ("2x1@0.5:int8", 2), ("4x1@0.5:int8", 1.5), ("16x1@0.5:int8", 1.48),
            ("16x1@0.8:int8", 0.5), ("4x1@0.8:int8", 0.7),
        ])
        #expect(
            selected.levels.map(\.description) == [
                "dense", "2x1@0.500:int8", "4x1@0.500:int8", "16x1@0.800:int8", "4x1@0.800:int8",
            ])
    }

    /// A machine on which whole numbers are no faster keeps what it had; dense float32 stays in any case.
    @Test func slowPrecisionsAreLeftOut() throws {
        let selected = try select([
            ("dense", 10), ("int8", 12), ("unstructured@0.8", 4), ("unstructured@0.8:int8", 5),
            ("4x1@0.9", 2),
        ])
        #expect(selected.levels.map(\.description) == ["dense", "unstructured@0.800", "4x1@0.900"])
        #expect(selected.notes.count == 2)
    }

    /// bfloat16 is offered where nothing that is as good is faster, and is told of where it is not.
    @Test func bfloat16IsOfferedWhereItIsTheFastest() throws {
        let without = try select([("dense", 10), ("bfloat16", 5), ("int8", 2.5), ("4x1@0.5:int8", 1.5)])
        #expect(without.levels.map(\.description) == ["dense", "int8", "4x1@0.500:int8"])
        #expect(without.notes.count == 1 && without.notes[0].hasPrefix("bfloat16 is left out"))
        let with = try select([("dense", 10), ("bfloat16", 5), ("int8", 6), ("4x1@0.8", 3)])
        #expect(with.levels.map(\.description) == ["dense", "bfloat16", "4x1@0.800"])
        #expect(LevelSet.mixed.contains(.dense.with(.bfloat16)))
    }
}
