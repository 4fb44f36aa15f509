import Foundation
import Synchronization
import Testing

/// What a server does when clients misbehave, are many, or are not wanted, and when it ends.
@Suite struct ProtectionTests {
    @Test func aKeyIsAskedFor() throws {
        let server = try RunningServer(models: ["embed"], environment: ["SECATEUR_API_KEY": "secret"])
        let body = #"{"inputs": "a cat"}"#
        #expect(try server.ask("/embed", body).status == 401)
        #expect(try server.ask("/embed", body, headers: ["Authorization": "Bearer secre"]).status == 401)
        #expect(try server.ask("/embed", body, headers: ["Authorization": "Bearer secret"]).status == 200)
        #expect(try server.ask("/v1/models").status == 401 && server.ask("/metrics").status == 401)
        #expect(try server.ask("/health").status == 200)
    }

    @Test func largeAndBrokenRequestsAreRefused() throws {
        let server = try RunningServer(["--payload-limit", "1000", "--read-timeout", "1"], models: ["embed"])
        let large = try server.connect()
        large.send("POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        #expect(large.receive().hasPrefix("HTTP/1.1 413"))
        let chunked = try server.connect()
        chunked.send("POST /embed HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<4 { chunked.send("200\r\n" + String(repeating: "x", count: 512) + "\r\n") }
        #expect(chunked.receive().hasPrefix("HTTP/1.1 413"))
        for text in [
            "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "POST /embed HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        ] {
            let broken = try server.connect()
            broken.send(text)
            #expect(broken.receive().hasPrefix("HTTP/1.1 400"), "\(text)")
        }
        let headers = try server.connect()
        headers.send("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n")
        let status = headers.receive().prefix(12)
        #expect(status.isEmpty || status.hasPrefix("HTTP/1.1 4"), "\(status)")
        #expect(try server.ask("/health").status == 200)
    }

    @Test func slowClientsAreTimedOut() throws {
        let server = try RunningServer(["--read-timeout", "1"], models: ["embed"])
        let begin = ContinuousClock.now
        // One sends nothing, one half a header, one half a body, one a byte of a body at a time.
        let silent = try server.connect()
        let header = try server.connect()
        header.send("POST /embed HTTP/1.1\r\nHost:")
        let half = try server.connect()
        half.send("POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"inputs\"")
        let slow = try server.connect()
        slow.send("POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        for _ in 0..<20 {
            slow.send("{")
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(slow.receive().hasPrefix("HTTP/1.1 408"))
        #expect(half.receive().hasPrefix("HTTP/1.1 408"))
        #expect(silent.receive().isEmpty && header.receive().isEmpty)
        #expect(ContinuousClock.now - begin < .seconds(60))
        #expect(try server.ask("/embed", #"{"inputs": "a cat"}"#).status == 200)
    }

    @Test func whoIsOneTooManyIsToldSoAtOnce() throws {
        let server = try RunningServer(
            ["--max-concurrent-requests", "1", "--read-timeout", "20"], models: ["embed"])
        let first = try server.connect()
        let body = #"{"inputs": "a cat"}"#
        first.send("POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
        // The first is in as soon as its header is read.
        var answer = try server.ask("/embed", body)
        while answer.status == 200 { answer = try server.ask("/embed", body) }
        #expect(answer.status == 429 && answer.object["error_type"] as? String == "Overloaded")
        #expect(answer.headers["retry-after"] == "1")
        #expect(try server.ask("/v1/embeddings", #"{"input": "a"}"#).status == 429)
        first.send(body)
        #expect(first.receive { $0.contains("]]") }.hasPrefix("HTTP/1.1 200"))
        var last = try server.ask("/embed", body)
        while last.status == 429 { last = try server.ask("/embed", body) }
        #expect(last.status == 200)
    }

    @Test func streamsThatNobodyReadsEnd() throws {
        // One place for texts: who comes next gets it although the first never reads.
        let server = try RunningServer(["--max-texts", "1"], models: ["write"])
        for _ in 0..<20 {
            let gone = try server.connect()
            let body = #"{"prompt": "abc", "stream": true, "max_tokens": 60, "temperature": 2}"#
            gone.send(
                "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
        let answer = try server.ask(
            "/v1/completions", #"{"prompt": "abc", "max_tokens": 3, "temperature": 0}"#)
        #expect(answer.status == 200)
        // What was in flight is over some time.
        while try !server.ask("/metrics").text.contains("secateur_requests_in_flight 1\n") {
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func requestsThatHaveBegunEnd(signal: Int32) throws {
        let server = try RunningServer(["--read-timeout", "20"], models: ["embed"])
        let open = try server.connect()
        let body = #"{"inputs": "a cat"}"#
        open.send("POST /embed HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
        while try !server.ask("/metrics").text.contains("secateur_requests_in_flight 2\n") {}
        kill(server.process.processIdentifier, signal)
        Thread.sleep(forTimeInterval: 0.2)
        open.send(body)
        #expect(open.receive { $0.contains("]]") }.hasPrefix("HTTP/1.1 200"))
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0 && server.process.terminationReason == .exit)
    }

    @Test func whatCannotBeServedIsSaidAtOnce() throws {
        let first = try RunningServer(models: ["embed"])
        for (options, models, message) in [
            (
                ["--port", "\(first.port)"], ["embed"],
                "--port: found \(first.port), allowed one that is free"
            ),
            ([], ["nowhere"], "nowhere: no such model folder"), ([], ["embed", "embed"], "model 'embed'"),
            (["--threads", "0"], ["embed"], "--threads: found 0, allowed 1 to 256"),
            (["--precision", "int3"], ["embed"], "--precision: found 'int3'"),
            (["--max-texts", "x"], ["embed"], "--max-texts"),
        ] {
            let server = try RunningServer(options, models: models)
            server.process.waitUntilExit()
            #expect(server.process.terminationStatus != 0 && server.address.isEmpty)
            let lines = server.errors.split(separator: "\n")
            #expect(lines.count == 1 && lines.first?.contains(message) == true, "\(server.errors)")
        }
    }

    @Test func whatIsCountedIsTheRequests() throws {
        let server = try RunningServer(["--threads", "1"], models: ["embed"])
        for _ in 0..<3 { _ = try server.ask("/embed", #"{"inputs": ["a cat", "a dog"]}"#) }
        _ = try server.ask("/embed", "nonsense")
        let text = try server.ask("/metrics").text
        for line in [
            "te_request_count{route=\"/embed\"} 4", "te_request_success{route=\"/embed\"} 3",
            "te_request_failure{err=\"validation\"} 1", "te_embed_count 6", "te_batch_next_size_count 3",
            "te_batch_next_size_sum 6.0", "te_queue_size 0",
        ] {
            #expect(text.contains("\(line)\n"), "\(line) is not in:\n\(text)")
        }
    }
}
