import Foundation
import Levels
import Report
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Policies side by side, as a picture of its own.
@Suite struct PolicyColumnsTests {
    private static let layers = [
        "encoder.layer.0.attention.self.query", "encoder.layer.0.intermediate.dense",
        "encoder.layer.1.attention.self.query",
    ]

    private static func levels(_ texts: String...) -> [String: Level] {
        Dictionary(
            uniqueKeysWithValues: zip(layers, texts).compactMap { layer, text in
                Level(text).map { (layer, $0) }
            })
    }

    private func picture() -> String {
        PolicyColumns(
            layers: Self.layers,
            columns: [
                .init("avx2 <1>", levels: Self.levels("dense", "4x1@0.8", "4x1@0.5")),
                .init("amx", levels: Self.levels("int8", "16x1@0.9:int8")),
            ]
        ).svg(title: "Policies & maps")
    }

    /// Elements by name, with their attributes, and all text.
    private final class Reader: NSObject, XMLParserDelegate {
        var elements: [(name: String, attributes: [String: String])] = []
        var text = ""

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
            qualifiedName: String?, attributes: [String: String]
        ) {
            elements.append((name, attributes))
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    @Test func thePictureIsWellFormedAndNamesEveryLevel() {
        let reader = Reader()
        let parser = XMLParser(data: Data(picture().utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(reader.elements.first?.name == "svg")
        for text in [
            "avx2 <1>", "amx", "Policies & maps", "4×1 80 %", "4×1 50 %", "16×1 int8 90 %",
            "\(Self.layers[1]): 16x1@0.900:int8", "attention.query",
        ] {
            #expect(reader.text.contains(text), "\(text)")
        }
        // A cell for each level and a swatch for each of four kinds; the layer that a policy lacks has none.
        #expect(reader.elements.count { $0.attributes["class"] == "cell" } == 5 + 4)
    }

    /// Every hatch that a cell is filled with is in the picture, which asks for nothing from outside.
    @Test func thePictureBringsItsHatches() throws {
        let svg = picture()
        let used = Set(svg.matches(of: #/url\(#([\w-]+)\)/#).map { String($0.1) })
        let defined = Set(svg.matches(of: #/<pattern id="([\w-]+)"/#).map { String($0.1) })
        #expect(used.isSubset(of: defined) && used.count > 3, "\(used.subtracting(defined))")
        let classes = Set(svg.matches(of: #/class="(hatch-[\w-]+)"/#).map { String($0.1) })
        for name in classes { #expect(svg.contains(".\(name){"), "\(name)") }
        #expect(svg.contains("prefers-color-scheme:dark"))
        #expect(!svg.contains("href") && !svg.contains("@import"))
    }
}
