import Foundation
import Synchronization
import Testing

@testable import SecateurCLI

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The report of a search that continues, over HTTP.
@Suite(.serialized) struct LiveReportTests {
    /// Status and text of an answer; nil when there is none.
    ///
    /// It waits on the test's own thread: tests that block the others' shared pool cannot hold it up.
    private func ask(_ address: String, method: String = "GET", host: String? = nil) -> (Int, String)? {
        guard let url = URL(string: address) else { return nil }
        var request = URLRequest(url: url)
        request.httpMethod = method
        if let host { request.setValue(host, forHTTPHeaderField: "Host") }
        let answer = Mutex<(Int, String)?>(nil)
        let isThere = DispatchSemaphore(value: 0)
        let task = URLSession.shared.dataTask(with: request) { data, response, _ in
            if let data, let response = response as? HTTPURLResponse {
                answer.withLock { $0 = (response.statusCode, String(decoding: data, as: UTF8.self)) }
            }
            isThere.signal()
        }
        task.resume()
        isThere.wait()
        return answer.withLock { $0 }
    }

    @Test func theReportFollowsTheSearch() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let command = try RunningCommand(
            tool, TinySearch.arguments(tool, "run", ["--budget", "1000000", "--serve"]))
        defer { command.stop() }
        let mark = "the report is live at "
        #expect(command.wait { command.errors.contains("/\n") }, "\(command.errors)")
        let address = try #require(
            command.errors.components(separatedBy: mark).last?.split(separator: "\n").first)
        let url = String(address)
        let port = try #require(UInt16(url.split(separator: ":")[2].dropLast()))

        // It listens on 127.0.0.1 and nowhere else.
        let hexadecimal = String(format: ":%04X", port)
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path in
            ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
        }
        let listening = sockets.map { $0.split(separator: " ") }.filter {
            $0.count > 3 && $0[1].hasSuffix(hexadecimal) && $0[3] == "0A"
        }
        #expect(listening.map { $0[1] } == ["0100007F" + Substring(hexadecimal)])

        // Until the run's first file is there, a page says so and comes again.
        #expect(command.wait { ask(url)?.1.contains("connect-src") == true }, "\(command.errors)")
        let page = try #require(ask(url))
        #expect(page.0 == 200 && page.1.contains("<!DOCTYPE html>") && page.1.contains("connect-src 'self'"))
        #expect(!page.1.contains("src=") && !page.1.contains("http:"))

        // Evaluations are counted up while it runs.
        var seen: Set<Int> = []
        let isCounting = command.wait {
            let text = ask(url + "content")?.1 ?? ""
            if let match = text.firstMatch(of: #/(\d+) of at most 1000000 policies/#),
                let count = Int(match.1)
            {
                if count > 0 { seen.insert(count) }
            }
            return seen.count >= 3
        }
        #expect(isCounting, "\(command.errors)")
        let content = try #require(ask(url + "content"))
        #expect(content.1.contains("<section id=\"frontier\">") && !content.1.contains("<html"))

        // Nothing can be changed, nothing else is there, and other names are refused.
        #expect(ask(url, method: "POST")?.0 == 405)
        #expect(ask(url + "../run.json")?.0 == 404)
        #expect(ask(url, host: "example.org")?.0 == 403)
    }

    @Test func aPortThatIsTakenIsAClearError() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let first = try RunningCommand(
            tool, TinySearch.arguments(tool, "first", ["--budget", "1000000", "--serve"]))
        defer { first.stop() }
        #expect(first.wait { first.errors.contains("/\n") })
        let port = try #require(first.errors.firstMatch(of: #/127\.0\.0\.1:(\d+)/#)?.1)
        let second = try tool.run(TinySearch.arguments(tool, "second", ["--serve", String(port)]))
        #expect(second.status != 0 && second.errorLines.count == 1)
        #expect(second.errors.contains("--serve") && second.errors.contains(port), "\(second.errors)")
        #expect(!FileManager.default.fileExists(atPath: tool.file("second")))
    }
}
