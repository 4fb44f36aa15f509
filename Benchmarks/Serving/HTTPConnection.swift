import Foundation

/// A connection to an HTTP server that asks one thing after another; as little work as possible, so that measuring
/// leaves the processors to the server.
final class HTTPConnection {
    /// What came back.
    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// Why there is no answer.
    struct Failure: Error {
        let reason: String
    }

    private let host: String
    private let port: UInt16
    private let patience: Double
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []

    /// Connects when something is first asked.
    ///
    /// - Parameter patience: seconds that an answer may take.
    init(host: String, port: UInt16, patience: Double = 60) {
        (self.host, self.port, self.patience) = (host, port, patience)
    }

    deinit { close() }

    /// Ends the connection, in the middle of an answer where there is one.
    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        buffer = []
    }

    /// Sends a request and waits for its answer; a connection that the server has closed is opened again.
    func ask(_ request: [UInt8]) throws -> Answer {
        let isReused = descriptor >= 0
        do {
            try send(request)
            return try receive()
        } catch let failure as Failure {
            close()
            guard isReused, failure.reason == "closed" else { throw failure }
            try send(request)
            return try receive()
        }
    }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) throws {
        try connect()
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(reason: "closed") }
            sent += count
        }
    }

    private func connect() throws {
        guard descriptor < 0 else { return }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: Int(patience), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close()
            throw Failure(reason: "refused")
        }
    }

    /// Waits for an answer.
    func receive() throws -> Answer {
        var headEnd: Int?
        while headEnd == nil {
            headEnd = Self.end(of: Array("\r\n\r\n".utf8), in: buffer)
            if headEnd == nil { try readMore() }
        }
        let head = String(decoding: buffer[..<(headEnd ?? 0)], as: UTF8.self).lowercased()
        buffer.removeFirst(headEnd ?? 0)
        let lines = head.components(separatedBy: "\r\n")
        guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure(reason: "no HTTP")
        }
        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix("\(name):") }?.dropFirst(name.count + 1).trimmingCharacters(
                in: .whitespaces)
        }
        let body =
            try value("transfer-encoding") == "chunked"
            ? chunks() : bytes(Int(value("content-length") ?? "") ?? 0)
        if value("connection") == "close" { close() }
        return Answer(status: status, body: body)
    }

    private func bytes(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try readMore() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            var lineEnd = Self.end(of: [13, 10], in: buffer)
            while lineEnd == nil {
                try readMore()
                lineEnd = Self.end(of: [13, 10], in: buffer)
            }
            let line = String(decoding: buffer[..<((lineEnd ?? 2) - 2)], as: UTF8.self)
            buffer.removeFirst(lineEnd ?? 0)
            guard let count = Int(line, radix: 16) else { throw Failure(reason: "no chunk") }
            body += try bytes(count)
            _ = try bytes(2)
            if count == 0 { return body }
        }
    }

    /// Where a mark ends that has one byte or more.
    private static func end(of mark: [UInt8], in bytes: [UInt8]) -> Int? {
        guard let first = mark.first else { return nil }
        var place = bytes.startIndex
        while let found = bytes[place...].firstIndex(of: first) {
            if bytes[found...].starts(with: mark) { return found + mark.count }
            place = found + 1
        }
        return nil
    }

    private func readMore() throws {
        var part = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &part, part.count, 0)
        guard count > 0 else {
            throw Failure(reason: count == 0 || errno == ECONNRESET ? "closed" : "timeout")
        }
        buffer += part[..<count]
    }
}

/// A server's address and what its requests carry.
struct ServerAddress: Sendable {
    let host: String
    let port: UInt16
    let key: String?

    /// A request with a JSON body.
    func request(_ path: String, _ body: [UInt8], method: String = "POST") -> [UInt8] {
        let authorization = key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\(authorization)Content-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }
}
