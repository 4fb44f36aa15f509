import Foundation
import Hummingbird
import Levels
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// A program that answers requests until it is told to end.
struct HTTPProgram: Sendable {
    let host: String
    let port: Int
    /// Seconds until a connection is closed on which nothing whole arrives: a little more than a request has, so that
    /// it is told first.
    var idleTimeout = 31
    /// What lets requests end that have begun.
    var signals: [UnixSignal] = [.sigterm, .sigint]

    /// Seconds that requests have to end after that.
    private static let drainSeconds = 60

    /// Answers requests.
    ///
    /// - Parameter onReady: is told the address when requests can come.
    /// - Throws: `Issue` when the port cannot be had.
    func run<Responder: HTTPResponder>(
        _ responder: Responder, onReady: @escaping @Sendable (_ address: String) -> Void
    ) async throws where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        var logger = Logger(label: "secateur")
        logger.logLevel = .critical
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(Int64(idleTimeout)))),
            configuration: .init(address: .hostname(host, port: port), backlog: 1024),
            onServerRunning: { [host] channel in
                let shown = host.contains(":") ? "[\(host)]" : host
                onReady("http://\(shown):\(channel.localAddress?.port ?? 0)")
            },
            logger: logger)
        var configuration = ServiceGroupConfiguration(
            services: [application], gracefulShutdownSignals: signals, logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(Self.drainSeconds)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw Issue(
                .inaccessible, .option("port"), found: "\(port)",
                allowed: "one that is free on \(host)", advice: "\(error)")
        }
    }
}
