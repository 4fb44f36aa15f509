import Foundation
import Levels
import Runs
import SwiftProtobuf

/// A file of events, as TensorBoard reads it: a trace's numbers by evaluation.
///
///     let file = try TensorBoardFile(folder: "logs/minilm", startingAt: 1_700_000_000)
///     try file.append(rows)
///
/// Events are records of TensorFlow's TFRecord format: length, its checksum, bytes, their checksum.
public final class TensorBoardFile {
    /// The file.
    public let path: String
    private let handle: FileHandle
    private let start: Double
    private var best = -Double.infinity

    /// Starts a file in a folder, which is made where it is missing; one that is there of an earlier time is replaced.
    ///
    /// - Parameter start: when the search began, in seconds since 1970.
    /// - Throws: `Issue` when the folder cannot be written to.
    public init(folder: String, startingAt start: Double) throws {
        path = "\(folder)/events.out.tfevents.secateur"
        self.start = start
        let files = FileManager.default
        do {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: path))
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        } catch {
            throw Issue(.inaccessible, .path(path), advice: error.localizedDescription)
        }
        var first = Tensorboard_Event()
        first.wallTime = start
        first.fileVersion = "brain.Event:2"
        try write([first])
    }

    /// Adds policies that were evaluated.
    /// - Throws: `Issue` when the disk is full.
    public func append(_ rows: some Sequence<TraceRow>) throws {
        try write(rows.map(event))
    }

    private func event(of row: TraceRow) -> Tensorboard_Event {
        best = max(best, row.terms.reward)
        let learned = row.learning
        let numbers = [
            ("reward/this", row.terms.reward), ("reward/best", best), ("reward/expected", row.baseline),
            ("policy/quality", row.terms.quality), ("policy/latencyMs", row.terms.latencyMs),
            ("policy/sizeMB", Double(row.terms.sizeBytes) / 1e6), ("learning/loss", learned.loss),
            ("learning/entropy", learned.entropy), ("learning/gradientNorm", learned.gradientNorm),
            ("learning/criticError", learned.criticError), ("learning/price", learned.price),
        ]
        var event = Tensorboard_Event()
        event.wallTime = start + row.wallClockSeconds
        event.step = Int64(row.evaluation)
        event.summary.value = numbers.filter(\.1.isFinite).map { tag, number in
            var value = Tensorboard_Summary.Value()
            (value.tag, value.simpleValue) = (tag, Float(number))
            return value
        }
        return event
    }

    private func write(_ events: [Tensorboard_Event]) throws {
        do {
            var bytes = Data()
            for event in events { bytes += Self.record(try event.serializedData()) }
            try handle.write(contentsOf: bytes)
        } catch {
            throw Issue(.inaccessible, .path(path), advice: error.localizedDescription)
        }
    }

    private static func record(_ bytes: Data) -> Data {
        let length = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Data($0) }
        return length + checksum(length) + bytes + checksum(bytes)
    }

    /// CRC-32C, turned by 15 bits and moved, as TFRecord has it.
    private static func checksum(_ bytes: Data) -> Data {
        let crc =
            bytes.reduce(UInt32.max) { crc, byte in
                (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
                    crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1
                }
            } ^ .max
        let masked = (crc >> 15 | crc << 17) &+ 0xA282_EAD8
        return withUnsafeBytes(of: masked.littleEndian) { Data($0) }
    }
}
