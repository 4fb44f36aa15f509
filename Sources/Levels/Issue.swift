/// What is wrong: one line for people, parts for programs.
///
///     let issue = Issue(.outOfRange, .option("tokens"), found: "9000", allowed: "512 at most")
///     issue.description   // "tokens: found 9000, allowed 512 at most"
///     issue.code          // .outOfRange
///
/// Libraries name options by their field (`tokens`); a command maps fields to its flags (`--tokens`).
public struct Issue: Error, Sendable, Equatable {
    /// The kind of thing that is wrong, for programs to match.
    public enum Code: String, Sendable, CaseIterable {
        /// Something that is needed is not there.
        case missing
        /// Something is there already.
        case exists
        /// A file or a text is damaged or of another kind.
        case malformed
        /// A value is outside of what is allowed.
        case outOfRange
        /// What is asked for is not made or known here.
        case unsupported
        /// Two things do not belong together.
        case mismatch
        /// Something else uses it now.
        case busy
        /// The system refuses to read or to write.
        case inaccessible
    }

    /// What the issue is about.
    public enum Subject: Sendable, Equatable {
        /// A file or a folder, by its path.
        case path(String)
        /// An option, by the name of its field: `targetLatency`.
        case option(String)
        /// Something else, by name.
        case other(String)
    }

    /// The part of the subject that it is about.
    public enum Field: Sendable, Equatable, ExpressibleByStringInterpolation, CustomStringConvertible {
        /// A tensor, by its name in the file.
        case tensor(String)
        /// A key of a file's fields, with those that it stands in before it: `model.type`.
        case key(String)
        /// A line of a text, from 1.
        case line(Int)
        /// Another part, in words.
        case part(String)

        /// Another part, in words.
        public init(stringLiteral words: String) {
            self = .part(words)
        }

        /// As a message says it: `tensor 'x'`, `'x'`, `line 1`, `x`.
        public var description: String {
            switch self {
            case .tensor(let name): "tensor '\(name)'"
            case .key(let key): "'\(key)'"
            case .line(let number): "line \(number)"
            case .part(let words): words
            }
        }
    }

    public let code: Code
    /// What it is about.
    public let subject: Subject
    /// The part of the subject; nil where all of it is meant.
    public let field: Field?
    /// What was found; nil where nothing is to be said of it.
    public let found: String?
    /// What is allowed.
    public let allowed: String?
    /// What else helps, as a clause: why, or what to do.
    public let advice: String?

    /// Puts an issue together.
    public init(
        _ code: Code, _ subject: Subject, field: Field? = nil, found: String? = nil, allowed: String? = nil,
        advice: String? = nil
    ) {
        self.code = code
        self.subject = subject
        self.field = field
        self.found = found
        self.allowed = allowed
        self.advice = advice
    }

    /// The line that ``description`` gives, with another name for the subject, as a command does that maps
    /// options to flags.
    ///
    /// Names come from files: control characters are replaced, and parts of excess length are cut.
    public func naming(_ name: (Subject) -> String) -> String {
        ([name(subject), field?.description].compactMap(\.self).map(Self.singleLine)
            + [facts].filter { !$0.isEmpty })
            .joined(separator: ": ")
    }

    /// `found …, allowed …: advice`: the line without what it is about, where that has been said.
    public var facts: String {
        let values = [
            found.map { "found \(Self.singleLine($0))" }, allowed.map { "allowed \(Self.singleLine($0))" },
        ].compactMap(\.self).joined(separator: ", ")
        return [values, advice.map(Self.singleLine) ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    private static let longestPart = 2_000

    private static func singleLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longestPart) {
            let isBreak =
                scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
            line.append(isBreak ? "\u{FFFD}" : scalar)
        }
        return String(line)
    }
}

extension Issue: CustomStringConvertible {
    /// `SUBJECT: FIELD: found …, allowed …: advice` on one line, without the parts that there are none of.
    public var description: String {
        naming { subject in
            switch subject {
            case .path(let name), .option(let name), .other(let name): name
            }
        }
    }
}
