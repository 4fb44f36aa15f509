import ChainProblem
import Environments
import Report
import Runs
import Testing

/// Pages of runs that are made up.
@Suite struct ReportPageTests {
    @Test func aPageOfASearchThatRunsTellsWhatIsKnown() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "random", budget: 12)
        let costs = ChainEnvironment(problem: 1, budget: 12).costs
        var options = SearchOptions(
            model: "models/chain", task: "fidelity", train: "text.txt", targetLatency: .fraction(0.4),
            threads: 1)
        options.levels = costs.levels
        options.agent = "random"
        let rows = try TraceFile.read(path: folder.file("trace.h5")).1
        let record = RunRecord(
            name: "halfway <1>", options: options, costs: costs, rows: rows, stage: "searching")
        #expect(record.targetMs == 0.4 * costs.denseLatencyMs)
        let html = ReportPage(record).html
        #expect(html.contains("halfway &lt;1&gt;") && !html.contains("halfway <1>"))
        #expect(html.contains("Now: searching."))
        for request in ["http:", "https:", "src=", "<script"] {
            #expect(!html.contains(request), "\(request)")
        }
    }
}
