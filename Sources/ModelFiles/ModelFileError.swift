import Foundation

/// What is wrong with a file, in one line: which file, which tensor, what was found and what is allowed.
///
///     models/minilm/model.safetensors: tensor 'pooler.dense.bias': found dtype 'X9', allowed BOOL, U8, …
public struct ModelFileError: Error, CustomStringConvertible, Equatable {
    /// The path as the caller gave it.
    public let file: String
    /// The tensor the error is about, if it is about one.
    public let tensor: String?
    /// What was found and what would have been right.
    public let message: String

    /// Makes an error; a `message` reads on from the file's name, without a capital or a full stop.
    public init(file: String, tensor: String? = nil, message: String) {
        self.file = file
        self.tensor = tensor
        self.message = message
    }

    /// Makes an error of the usual form: "found …, allowed …".
    package init(file: String, tensor: String? = nil, found: String, allowed: String) {
        self.init(file: file, tensor: tensor, message: "found \(found), allowed \(allowed)")
    }

    /// Makes an error from the `errno` that a system call left behind.
    init(file: String, cannot action: String, code: Int32 = errno) {
        self.init(file: file, message: "cannot \(action): \(String(cString: strerror(code)))")
    }

    /// The error on one line. Names come from files, so control characters and excess length are cut.
    public var description: String {
        let place = tensor.map { "tensor '\(Self.singleLine($0))': " } ?? ""
        return "\(Self.singleLine(file)): \(place)\(Self.singleLine(message))"
    }

    private static let longestPart = 2_000

    private static func singleLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestPart) {
            let isBreak =
                scalar.properties.generalCategory == .control
                || "\u{2028}\u{2029}".unicodeScalars.contains(scalar)
            line.append(isBreak ? "\u{FFFD}" : scalar)
        }
        return String(line)
    }
}
