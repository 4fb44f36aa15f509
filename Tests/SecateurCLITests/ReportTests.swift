import Foundation
import Testing

@testable import SecateurCLI

/// What a person sees of a run, in a browser and on the terminal.
@Suite(.serialized) struct ReportTests {
    private static let noBrowser: Comment = "chromium is not here: scripts/setup-system.sh test installs it"

    /// Two runs of different agents.
    private func searched(_ tool: CommandLineTool) throws {
        for agent in ["natural", "random"] {
            let more = ["--budget", "60", "--agent", agent, "--validation", tool.file("text.txt")]
            let result = try tool.run(TinySearch.arguments(tool, agent, more))
            #expect(result.status == 0, "\(result.errors)")
        }
    }

    @Test func aReportAsksForNothingAndTellsWhatWasMeasured() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try searched(tool)
        let html = try String(contentsOfFile: tool.file("natural/report.html"), encoding: .utf8)
        for request in ["http:", "https:", "src=", "@import", "<script", "<iframe", "<object"] {
            #expect(!html.contains(request), "\(request)")
        }
        #expect(html.components(separatedBy: "href=").count == 2 && html.contains("href=\"data:,\""))
        let summary = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: tool.file("natural/summary.json"))))
        let hardware = try #require((summary as? [String: Any])?["hardware"] as? String)
        #expect(html.contains(hardware) && html.contains("32 tokens") && html.contains("1 thread"))
        for section in ["frontier", "policy", "learning", "time", "size"] {
            #expect(html.contains("<section id=\"\(section)\">"), "\(section)")
            #expect(html.contains("<details id=\"\(section)-table-1\">"), "\(section)")
        }
        #expect(html.components(separatedBy: "<th scope=\"row\">encoder.layer.").count == 13)
        // Written again, it is the same.
        let again = try tool.run(["report", tool.file("natural"), "--output", tool.file("again.html")])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try String(contentsOfFile: tool.file("again.html"), encoding: .utf8) == html)
    }

    /// Screens of a desktop and of a phone, light and dark; the comparison too.
    @Test(.enabled(if: ExternalProgram.chromium != nil, noBrowser))
    func browsersShowReportsWithoutErrorOrOverflow() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try searched(tool)
        let compared = try tool.run([
            "compare", tool.file("natural"), tool.file("random"), "--output", tool.file("compared.html"),
        ])
        #expect(compared.status == 0, "\(compared.errors)")
        var pictures: [String: Set<Data>] = [:]
        for page in ["natural/report.html", "compared.html"] {
            for (width, isDark) in [(1100, false), (1100, true), (390, false), (390, true)] {
                let browser = Browser(tool: tool, width: width, isDark: isDark)
                pictures[page, default: []].insert(try browser.picture(of: tool.file(page)))
                let layout = try browser.layout(of: tool.file(page))
                #expect(layout.width == width)
                #expect(layout.contentWidth <= width, "\(page) at \(width): \(layout)")
                #expect(layout.isDark == isDark)
            }
        }
        // Light differs from dark, and wide from narrow.
        #expect(pictures.values.allSatisfy { $0.count == 4 })
    }

    @Test func comparedRunsAreBesideEachOther() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try searched(tool)
        let runs = [tool.file("natural"), tool.file("random")]
        let table = try tool.run(["compare"] + runs)
        #expect(table.output.split(separator: "\n").count == 3)
        let compared = try tool.run(["compare", "--json"] + runs)
        let rows = try #require(
            JSONSerialization.jsonObject(with: Data(compared.output.utf8)) as? [[String: Any]])
        #expect(rows.map { $0["run"] as? String } == ["natural", "random"])
        #expect(rows.allSatisfy { TinySearch.spends($0["evaluations"], of: 60) })
        for (row, run) in zip(rows, runs) {
            let summary = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: "\(run)/summary.json")))
            let speedup = (summary as? [String: Any])?["speedup"] as? Double
            #expect(row["speedup"] as? Double == speedup)
        }
        let alone = try tool.run(["compare", runs[0]])
        #expect(alone.status != 0 && alone.errors.contains("allowed 2 to 8"))
    }

    @Test(.enabled(if: ExternalProgram.python != nil, "python3 has no h5py and matplotlib"))
    func aTraceIsTheSameAsCSVAndForH5py() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try searched(tool)
        let csv = try tool.run(["trace", tool.file("natural"), "--csv"])
        #expect(csv.status == 0, "\(csv.errors)")
        try csv.output.write(toFile: tool.file("trace.csv"), atomically: true, encoding: .utf8)
        let script = """
            import csv, h5py, sys
            rows = list(csv.DictReader(open(sys.argv[1])))
            with h5py.File(sys.argv[2]) as trace:
                layers = trace["layers"].asstr()[:]
                levels = trace["levels"].asstr()[:]
                assert 40 <= len(rows) == len(trace["reward"]) < 60
                for number, row in enumerate(rows):
                    for name in ["evaluation", "reward", "quality", "latencyMs", "sizeBytes", "tokenPasses", "entropy"]:
                        assert float(row[name]) == trace[name][number], (number, name)
                    assert [row[layer] for layer in layers] == list(levels[trace["actions"][number]])
            """
        let python = try #require(ExternalProgram.python)
        let checked = try ExternalProgram.run(
            python, ["-c", script, tool.file("trace.csv"), tool.file("natural/trace.h5")])
        #expect(checked.status == 0, "\(checked.errors)")
    }

    /// The snippet of the documentation, as it stands there.
    @Test(.enabled(if: ExternalProgram.python != nil, "python3 has no h5py and matplotlib"))
    func theDocumentedSnippetPlotsATrace() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try searched(tool)
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = try String(contentsOf: root.appendingPathComponent("docs/report.md"), encoding: .utf8)
        let snippet = try #require(document.components(separatedBy: "```python\n").dropFirst().first)
            .components(separatedBy: "```")[0]
        #expect(snippet.contains("checkpoints/minilm-half/trace.h5") && snippet.contains("trace.png"))
        let script =
            snippet
            .replacing("checkpoints/minilm-half/trace.h5", with: tool.file("natural/trace.h5"))
            .replacing("trace.png", with: tool.file("trace.png"))
        let python = try #require(ExternalProgram.python)
        let plotted = try ExternalProgram.run(
            python, ["-c", "import matplotlib; matplotlib.use('Agg')\n" + script])
        #expect(plotted.status == 0, "\(plotted.errors)")
        let picture = try #require(FileManager.default.contents(atPath: tool.file("trace.png")))
        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]) && picture.count > 10_000)
    }
}

/// Headless Chromium with a screen of a width.
private struct Browser {
    let tool: CommandLineTool
    let width: Int
    let isDark: Bool

    struct Layout {
        let width: Int
        let contentWidth: Int
        let isDark: Bool
    }

    private func run(_ page: String, _ arguments: [String]) throws -> (output: String, errors: String) {
        let program = try #require(ExternalProgram.chromium)
        let result = try ExternalProgram.run(
            program,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--enable-logging=stderr",
                "--user-data-dir=\(tool.file("browser"))", "--window-size=\(width),3000",
                "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)",
            ] + arguments + ["file://\(page)"])
        #expect(result.status == 0, "\(result.errors)")
        return (result.output, result.errors)
    }

    /// A picture of a page, which must leave nothing on the console.
    func picture(of page: String) throws -> Data {
        let path = tool.file("picture-\(UUID().uuidString).png")
        let (_, errors) = try run(page, ["--screenshot=\(path)"])
        #expect(!errors.contains("CONSOLE"), "\(errors)")
        return try #require(FileManager.default.contents(atPath: path))
    }

    /// How a page is laid out, asked by a script in a copy of it that allows scripts. The copy is in a frame,
    /// since no window is narrower than 500 pixels.
    func layout(of page: String) throws -> Layout {
        let script = """
            <script>document.querySelectorAll("details").forEach(item => item.open = true);
            parent.postMessage([innerWidth, document.documentElement.scrollWidth,
            matchMedia("(prefers-color-scheme: dark)").matches].join(" "), "*")</script></body>
            """
        let copy = tool.file("copy-\(UUID().uuidString).html")
        try String(contentsOfFile: page, encoding: .utf8)
            .replacing("Content-Security-Policy", with: "X-None").replacing("</body>", with: script)
            .write(toFile: copy, atomically: true, encoding: .utf8)
        let frame = tool.file("frame-\(UUID().uuidString).html")
        try """
        <!DOCTYPE html><script>onmessage = event => { document.body.dataset.layout = event.data }</script>
        <iframe src="file://\(copy)" style="border: 0; width: \(width)px; height: 900px"></iframe>
        """.write(toFile: frame, atomically: true, encoding: .utf8)
        let (output, _) = try run(frame, ["--virtual-time-budget=5000", "--dump-dom"])
        let found = try #require(
            output.components(separatedBy: "data-layout=\"").dropFirst().first, "\(output)")
        let parts = found.prefix { $0 != "\"" }.split(separator: " ")
        return Layout(
            width: Int(parts[0]) ?? -1, contentWidth: Int(parts[1]) ?? .max, isDark: parts[2] == "true")
    }
}
