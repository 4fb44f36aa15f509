import Foundation
import Synchronization
import Testing
import TinyModels

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The built server, run as a user runs it, on tiny models.
final class RunningServer {
    /// What it answered.
    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: Data

        var text: String { String(decoding: body, as: UTF8.self) }
        var object: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
        var list: [Any] { (try? JSONSerialization.jsonObject(with: body)) as? [Any] ?? [] }
    }

    let process = Process()
    let folder: String
    private let errorPath: String
    /// `127.0.0.1:…`
    private(set) var address = ""

    /// Starts a server of an encoder `embed`, a cross-encoder `rank`, a classifier `classes` and a language model
    /// `write`, in this order, on a free port.
    init(_ options: [String] = [], models: [String]? = nil, environment: [String: String] = [:]) throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent("secateur-\(UUID().uuidString)")
            .path
        errorPath = "\(folder)/stderr"
        try TinyModel.write(to: "\(folder)/embed", seed: 1)
        try TinyModel.write(to: "\(folder)/rank", seed: 2, shape: .init(classes: 1))
        try TinyModel.write(to: "\(folder)/classes", seed: 3, shape: .init(classes: 3))
        try TinyDecoder.write(to: "\(folder)/write", seed: 4)
        let template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
        try Data("{\"chat_template\": \"\(template)\"}".utf8)
            .write(to: URL(fileURLWithPath: "\(folder)/write/tokenizer_config.json"))
        _ = FileManager.default.createFile(atPath: errorPath, contents: nil)
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("secateur-server")
        process.executableURL = program
        process.arguments =
            ["serve"] + (models ?? ["embed", "rank", "classes", "write"]).map { "\(folder)/\($0)" } + options
            + (options.contains("--port") ? [] : ["--port", "0"])
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        try process.run()
        while process.isRunning {
            if let match = errors.firstMatch(of: #/served at http:\/\/(\S+)\n/#) {
                address = String(match.1)
                return
            }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    deinit {
        stop(SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What it wrote to stderr so far.
    var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }
    var port: UInt16 { UInt16(address.split(separator: ":").last ?? "") ?? 0 }

    /// Sends a signal, and waits for its end.
    func stop(_ signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
    }

    /// Asks; it waits on the test's own thread.
    func ask(
        _ path: String, _ body: String? = nil, method: String? = nil, headers: [String: String] = [:]
    ) throws -> Answer {
        try ask(path, data: body.map { Data($0.utf8) }, method: method, headers: headers)
    }

    func ask(
        _ path: String, data: Data?, method: String? = nil, headers: [String: String] = [:]
    ) throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: "http://\(address)\(path)")))
        request.httpMethod = method ?? (data == nil ? "GET" : "POST")
        request.httpBody = data
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let result = Mutex<Answer?>(nil)
        let isThere = DispatchSemaphore(value: 0)
        let task = URLSession.shared.dataTask(with: request) { data, response, _ in
            if let data, let response = response as? HTTPURLResponse {
                let headers = Dictionary(
                    response.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
                ) { $1 }
                result.withLock { $0 = Answer(status: response.statusCode, headers: headers, body: data) }
            }
            isThere.signal()
        }
        task.resume()
        isThere.wait()
        return try #require(result.withLock { $0 }, "\(path): no answer")
    }

    /// A connection of bytes.
    func connect() throws -> Connection { try Connection(port: port) }

    final class Connection {
        private let descriptor: Int32

        init(port: UInt16) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(status == 0)
        }

        deinit { Glibc.close(descriptor) }

        func send(_ bytes: some Collection<UInt8>) {
            let bytes = Array(bytes)
            _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        func send(_ text: String) { send(text.utf8) }

        /// What comes until the other side closes, or `enough` says so.
        func receive(until enough: (String) -> Bool = { _ in false }) -> String {
            var received: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while !enough(String(decoding: received, as: UTF8.self)) {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                received += buffer[..<count]
            }
            return String(decoding: received, as: UTF8.self)
        }
    }
}
