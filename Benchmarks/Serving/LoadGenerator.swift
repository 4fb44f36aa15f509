import Foundation
import Synchronization
import Tensors

/// Requests that come at random times, whether or not earlier ones have been answered (an open loop with Poisson
/// arrivals), so that a slow server does not slow down what it is asked.
struct LoadGenerator: Sendable {
    let address: ServerAddress
    /// The bytes of a request, by its number.
    let request: @Sendable (Int) -> [UInt8]
    /// Connections; a request waits for one where all are busy, and its wait counts.
    let connections: Int
    let seed: UInt64
    /// Whether answers say how many tokens they made.
    var makesTokens = false

    /// What came of the requests of one rate.
    struct Outcome: Sendable {
        /// Seconds from the time a request was due to its answer, of those that were answered with 200.
        var latencies: [Double] = []
        /// Requests by their status; 0 for those without an answer.
        var statuses: [Int: Int] = [:]
        /// Tokens that answers said they made.
        var tokens = 0
        /// From the first request to the last answer.
        var seconds = 0.0

        /// Answers with 200 per second.
        var throughput: Double { Double(latencies.count) / max(seconds, 1e-9) }
    }

    /// Sends requests at a rate for some time, and waits for all answers.
    ///
    /// - Parameter rate: requests per second.
    func run(rate: Double, seconds: Double) -> Outcome {
        var random = CounterBasedRandom(seed: seed)
        var times: [Double] = []
        var time = 0.0
        while true {
            time -= log(1 - random.nextUniform()) / rate
            guard time < seconds else { break }
            times.append(time)
        }
        let due = times
        return run { number, _ in number < due.count ? due[number] : nil }
    }

    /// Sends the next request on each connection as soon as the last one is answered.
    func runBusy(seconds: Double) -> Outcome {
        run { _, now in now < seconds ? now : nil }
    }

    /// - Parameter due: when a request is to be sent, by its number and the time now, in seconds; nil for never.
    private func run(_ due: @escaping @Sendable (_ number: Int, _ now: Double) -> Double?) -> Outcome {
        let next = Counter()
        let outcome = SharedOutcome()
        let begin = ContinuousClock.now
        @Sendable func now() -> Double { (ContinuousClock.now - begin) / .seconds(1) }
        let group = DispatchGroup()
        for _ in 0..<connections {
            group.enter()
            let thread = Thread {
                let connection = HTTPConnection(host: address.host, port: address.port)
                while true {
                    let number = next.increment()
                    guard let time = due(number, now()) else { break }
                    if time > now() { Thread.sleep(forTimeInterval: time - now()) }
                    let answer = try? connection.ask(request(number))
                    let latency = now() - time
                    let tokens = makesTokens ? Self.madeTokens(answer?.body ?? []) : 0
                    outcome.value.withLock { outcome in
                        outcome.statuses[answer?.status ?? 0, default: 0] += 1
                        guard let answer, answer.status == 200 else { return }
                        outcome.latencies.append(latency)
                        outcome.tokens += tokens
                    }
                }
                group.leave()
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        group.wait()
        return outcome.value.withLock { outcome in
            outcome.seconds = now()
            return outcome
        }
    }

    private final class SharedOutcome: Sendable {
        let value = Mutex(Outcome())
    }

    /// A number that threads count up.
    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)

        func increment() -> Int { value.add(1, ordering: .relaxed).oldValue }
    }

    /// `"completion_tokens": …` of an answer.
    private static func madeTokens(_ body: [UInt8]) -> Int {
        let text = String(decoding: body, as: UTF8.self)
        return text.firstMatch(of: #/"completion_tokens": ?(\d+)/#).flatMap { Int($0.1) } ?? 0
    }
}
