import Foundation

/// How much of a study is left, by how long its steps have taken so far.
struct StudyClock {
    /// Steps of different length.
    enum Step: CaseIterable {
        case search, measurement
    }

    /// What takes less was done before, and tells nothing of what is left.
    private static let leastSeconds = 0.5

    private let all: Int
    private var left: [Step: Int]
    private var seconds: [Step: [Double]] = [:]

    /// Takes how many there are of each.
    init(_ steps: [Step: Int]) {
        left = steps
        all = steps.values.reduce(0, +)
    }

    /// Does a step, counts it, and tells on stderr how much is left.
    mutating func time<Value>(_ step: Step, _ name: String, _ work: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        let value = try work()
        finish(step, seconds: (ContinuousClock.now - start) / .seconds(1))
        FileHandle.standardError.write(Data("\(name): \(text)\n".utf8))
        return value
    }

    /// Counts a step that has ended.
    mutating func finish(_ step: Step, seconds took: Double) {
        left[step, default: 0] -= 1
        if took >= Self.leastSeconds { seconds[step, default: []].append(took) }
    }

    /// Where the study is: `2 of 18, about 7 min left`, without the time where a kind of step has not been
    /// timed.
    var text: String {
        let steps = left.values.reduce(0, +)
        let place = "\(all - steps) of \(all)"
        var total = 0.0
        for (step, count) in left where count > 0 {
            guard let timed = seconds[step] else { return place }
            total += Double(count) * timed.mean
        }
        return steps == 0 ? place : "\(place), about \(Int((total / 60).rounded(.up))) min left"
    }
}
