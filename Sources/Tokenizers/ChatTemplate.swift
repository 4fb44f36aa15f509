import Foundation
import Levels
import ModelFiles

/// The form in which a model was taught conversations: a Jinja template, of which the part that such
/// templates use is followed here (`for`, `if`, `set`, comparisons, `+`, `and`, `or`, `not`, `in`,
/// `is defined`, members, `loop.first`, `loop.last`, the filter `trim`).
///
///     try ChatTemplate(template, file: path).text(of: [.init(role: "user", content: "Hello")])
public struct ChatTemplate: Sendable {
    /// What one party says.
    public struct Message: Sendable, Equatable {
        /// `system`, `user` or `assistant`.
        public let role: String
        /// The text.
        public let content: String

        /// Puts a message together.
        public init(role: String, content: String) {
            self.role = role
            self.content = content
        }
    }

    private indirect enum Node: Sendable {
        case text(String)
        case output(JinjaExpression)
        case set(String, JinjaExpression)
        case loop(variable: String, list: JinjaExpression, [Node])
        case choice([(condition: JinjaExpression?, [Node])])
    }

    private let nodes: [Node]
    private let file: String

    /// Reads a template of a model's file, which errors name.
    /// - Throws: `Issue` for what is no template, or uses more than is followed here.
    public init(_ template: String, file: String) throws {
        self.file = file
        do {
            var pieces = try JinjaPieces.cut(template)[...]
            nodes = try Self.nodes(&pieces, until: [])
        } catch let error as JinjaError {
            throw Self.failure(error, file)
        }
    }

    /// The text of a conversation, up to where the model's answer starts.
    public func text(of messages: [Message]) throws -> String {
        var scope: [String: JinjaValue] = [
            "messages": .list(
                messages.map { .object(["role": .string($0.role), "content": .string($0.content)]) }),
            "add_generation_prompt": .boolean(true),
        ]
        do {
            return try Self.render(nodes, &scope)
        } catch let error as JinjaError {
            throw Self.failure(error, file)
        }
    }

    private static func failure(_ error: JinjaError, _ file: String) -> Issue {
        Issue(.unsupported, .path(file), field: "chat template", advice: error.message)
    }

    // MARK: Reading

    private static func nodes(_ pieces: inout ArraySlice<JinjaPieces.Piece>, until ends: Set<String>) throws
        -> [Node]
    {
        var nodes: [Node] = []
        while let piece = pieces.first {
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .output(let text): nodes.append(.output(try JinjaExpression(text)))
            case .tag(let tag):
                let word = String(tag.prefix { !$0.isWhitespace })
                if ends.contains(word) { return nodes }
                pieces.removeFirst()
                nodes.append(try node(word, String(tag.dropFirst(word.count)), &pieces))
                continue
            }
            pieces.removeFirst()
        }
        guard ends.isEmpty else {
            throw JinjaError("found no '\(ends.sorted().joined(separator: "' or '"))'")
        }
        return nodes
    }

    private static func node(_ word: String, _ rest: String, _ pieces: inout ArraySlice<JinjaPieces.Piece>)
        throws -> Node
    {
        switch word {
        case "set":
            let parts = rest.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw JinjaError("set: found '\(rest)', allowed NAME = VALUE") }
            return .set(parts[0].filter { !$0.isWhitespace }, try JinjaExpression(String(parts[1])))
        case "for":
            guard let separator = rest.range(of: " in ") else {
                throw JinjaError("for: found '\(rest)', allowed NAME in LIST")
            }
            let body = try nodes(&pieces, until: ["endfor"])
            pieces.removeFirst()
            return .loop(
                variable: rest[..<separator.lowerBound].filter { !$0.isWhitespace },
                list: try JinjaExpression(String(rest[separator.upperBound...])), body)
        case "if": return .choice(try branches(rest, &pieces))
        default: throw JinjaError("found '\(word)', allowed for, if, set")
        }
    }

    private static func branches(_ first: String, _ pieces: inout ArraySlice<JinjaPieces.Piece>) throws
        -> [(condition: JinjaExpression?, [Node])]
    {
        var branches: [(condition: JinjaExpression?, [Node])] = []
        var condition: JinjaExpression? = try JinjaExpression(first)
        while true {
            branches.append((condition, try nodes(&pieces, until: ["elif", "else", "endif"])))
            guard case .tag(let tag) = pieces.removeFirst() else { return branches }
            if tag.hasPrefix("endif") { return branches }
            condition = tag.hasPrefix("elif") ? try JinjaExpression(String(tag.dropFirst(4))) : nil
        }
    }

    // MARK: Rendering

    private static func render(_ nodes: [Node], _ scope: inout [String: JinjaValue]) throws -> String {
        var text = ""
        for node in nodes {
            switch node {
            case .text(let part): text += part
            case .output(let expression): text += try expression.value(in: scope).text
            case .set(let name, let expression): scope[name] = try expression.value(in: scope)
            case .loop(let variable, let list, let body):
                guard case .list(let elements) = try list.value(in: scope) else {
                    throw JinjaError("for: found something that is no list")
                }
                for (index, element) in elements.enumerated() {
                    var inner = scope
                    inner[variable] = element
                    inner["loop"] = .object([
                        "first": .boolean(index == 0), "last": .boolean(index == elements.count - 1),
                        "index0": .integer(index), "index": .integer(index + 1),
                    ])
                    text += try render(body, &inner)
                }
            case .choice(let branches):
                for (condition, body) in branches {
                    guard try condition?.value(in: scope).isTrue ?? true else { continue }
                    text += try render(body, &scope)
                    break
                }
            }
        }
        return text
    }
}
