import Foundation
import Levels
import Testing

@Suite struct LevelTests {
    static let written = [
        "dense", "int8", "bfloat16", "unstructured@0.700", "4x1@0.550", "16x1@0.500:int8", "2:4@0.500",
        "2:4@0.500:int8", "heads@0.250", "neurons@0.999", "removed",
    ]

    @Test(arguments: written)
    func levelsAreReadAsTheyAreWritten(_ text: String) throws {
        let level = try #require(Level(text))
        #expect(level.description == text)
        #expect(try JSONDecoder().decode(Level.self, from: JSONEncoder().encode(level)) == level)
    }

    @Test func partsThatAreLeftOutMeanDenseAndFloat32() {
        #expect(Level("int8") == Level(pattern: .dense, sparsity: 0, precision: .int8))
        #expect(Level("dense:int8") == Level("int8"))
        #expect(Level("4x1@0.5") == Level(pattern: .rowBlock4, sparsity: 0.5, precision: .float32))
        #expect(Level("4x1@0.5:float32") == Level("4x1@0.5"))
    }

    @Test(arguments: [
        "", "dense@0.5", "4x1", "4x1@1.0", "4x1@-0.1", "other@0.5", "4x1@0.5@1", "4x1@0.5:", "4x1@0.5:INT8",
        "2:4", "0x1@0.5", "65x1@0.5", "4:4@0.5", "4x1@nan", ":int8", "removed@0.5", "removed@1",
        "removed:int8", "width@0.5", "width@0.5+", "width@0.5+removed", "width@0+int8", "width@1+int8",
        "width@0.0001+int8", "width@0.5+width@0.5+int8",
    ])
    func otherTextIsNoLevel(_ text: String) {
        #expect(Level(text) == nil)
    }

    @Test func whatIsRemovedHasNoPrecisionAndNothingLeft() throws {
        #expect(Level.removed.with(.int8) == .removed && Level.removed.width == 0)
        #expect(Level.dense.width == 1 && !Level.removed.keepsAll)
        for fields in [
            #"{"pattern": "removed", "sparsity": 0.5}"#, #"{"pattern": "4x1", "sparsity": 1}"#,
            #"{"pattern": "removed", "sparsity": 1, "precision": "int8"}"#,
            #"{"pattern": "removed", "sparsity": 1, "width": 0.5}"#,
            #"{"pattern": "dense", "sparsity": 0, "width": 0}"#,
            #"{"pattern": "dense", "sparsity": 0, "width": 1.5}"#,
        ] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(Level.self, from: Data(fields.utf8))
            }
        }
    }

    @Test func aNarrowSublayersLevelIsReadAsItIsWritten() throws {
        for text in ["width@0.500+dense", "width@0.750+int8", "width@0.333+4x1@0.500:int8"] {
            let level = try #require(Level(text))
            #expect(level.description == text && level.isNarrow && !level.keepsAll)
            #expect(try JSONDecoder().decode(Level.self, from: JSONEncoder().encode(level)) == level)
            #expect(level.with(width: 1) == Level(String(text.dropFirst("width@0.500+".count))))
        }
        #expect(Level("width@0.5+4x1@0.5:int8")?.kind == "width@0.500+4x1:int8")
        let set = try LevelSet("dense,int8,4x1@0.5:int8,4x1@0.7:int8").addingStructure(widths: [0.5])
        let added = set.map(\.description).dropFirst(4)
        #expect(added == ["width@0.500+int8", "width@0.500+4x1@0.500:int8", "removed"])
        #expect(set.widths == [1, 0.5, 0] && set.dense == 0)
    }

    /// Policies of versions before precisions have none.
    @Test func float32IsNotWritten() throws {
        let data = try JSONEncoder().encode(Level(pattern: .rowBlock4, sparsity: 0.5))
        let fields = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect(fields?.keys.sorted() == ["pattern", "sparsity"])
    }
}

@Suite struct LevelSetTests {
    @Test func coarseLevelsAreInEveryTable() {
        #expect(Set(LevelSet.coarse).isSubset(of: LevelSet.standard))
    }

    @Test func denseNeedNotBeFirst() throws {
        let set = try LevelSet("4x1@0.5,int8,dense")
        #expect(set.dense == 2 && set.densePolicy(layers: 2) == [2, 2])
        #expect(try LevelSet("4x1@0.5,int8,int4").dense == 1)
        #expect(set.patterns == [.rowBlock4])
    }

    @Test func namesAreSets() throws {
        #expect(try LevelSet("standard") == .standard)
        #expect(try LevelSet("coarse") == .coarse)
    }

    @Test(arguments: ["4x1@0.5", "", "dense,dense", "dense,4x1", "dense, 4x1@0.5"])
    func aSetThatNoSearchCanChooseFromIsRefused(_ text: String) {
        #expect(throws: Levels.Issue.self) { try LevelSet(text) }
    }

    /// costs.json of earlier versions has levels, run.json of this one texts.
    @Test func bothFormsAreRead() throws {
        let set = LevelSet.coarse.with(.int8)
        let texts = try JSONDecoder().decode(LevelSet.self, from: JSONEncoder().encode(set))
        let levels = try JSONDecoder().decode(LevelSet.self, from: JSONEncoder().encode(set.levels))
        #expect(texts == set && levels == set)
    }
}

@Suite struct CountedTests {
    @Test func oneIsSingular() {
        #expect(1.counted("thread") == "1 thread" && 2.counted("thread") == "2 threads")
        #expect(0.counted("policy", plural: "policies") == "0 policies")
    }
}
