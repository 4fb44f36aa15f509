import Foundation
import Levels
import Tensors

/// The built `secateur` command, run under an instruction set, which a process settles when it starts.
struct SecateurProgram {
    let path: String

    /// The one in this program's folder.
    static let neighbor = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("secateur").path

    /// Runs it to its end, and returns what it printed.
    /// - Throws: `Issue` when it fails.
    @discardableResult
    func run(_ arguments: [String], on isa: InstructionSet) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["SECATEUR_ISA": isa.rawValue]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Issue(
                .missing, .other("secateur \(arguments[0])"), found: "a failure on \(isa.rawValue)",
                advice: "what is finished is kept, and what was begun continues")
        }
        return printed
    }
}
