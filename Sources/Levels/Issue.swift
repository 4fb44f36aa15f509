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

    /// The kind.
    public let code: Code
    /// What it is about.
    public let subject: Subject
    /// The part of the subject: a tensor, a key, a column.
    public let field: String?
    /// What was found; nil where nothing is to be said of it.
    public let found: String?
    /// What is allowed.
    public let allowed: String?
    /// What else helps, as a clause: why, or what to do.
    public let advice: String?

    /// Puts an issue together.
    public init(
        _ code: Code, _ subject: Subject, field: String? = nil, found: String? = nil, allowed: String? = nil,
        advice: String? = nil
    ) {
        self.code = code
        self.subject = subject
        self.field = field
        self.found = found
        self.allowed = allowed
        self.advice = advice
    }

    /// The same with another name for its subject, as a command does that maps options to flags.
    public func naming(_ name: (Subject) -> String) -> String {
        let place = [name(subject), field.map { "\($0)" }].compactMap(\.self).joined(separator: ": ")
        let facts = [found.map { "found \($0)" }, allowed.map { "allowed \($0)" }].compactMap(\.self)
            .joined(separator: ", ")
        let said = facts.isEmpty ? [] : [facts]
        return ([place] + said + [advice].compactMap(\.self)).joined(separator: ": ")
    }
}

extension Issue: CustomStringConvertible {
    /// `SUBJECT: FIELD: found …, allowed …: advice`, without the parts that there are none of.
    public var description: String {
        naming { subject in
            switch subject {
            case .path(let name), .option(let name), .other(let name): name
            }
        }
    }
}
