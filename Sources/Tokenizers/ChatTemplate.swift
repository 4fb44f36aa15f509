import Foundation
import Levels
import ModelFiles

/// The form in which a model was taught conversations: a Jinja template, computed as the Hugging Face library does (in
/// its sandbox: nothing is changed or read outside of the template).
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

    private let statements: [JinjaStatement]
    private let tokens: [String: String]
    private let file: String

    /// Reads a template of a model's file, which errors name.
    ///
    /// - Parameter tokens: what the template may write by name, such as `bos_token`.
    /// - Throws: `Issue` for what is no template, or uses more than is followed here.
    public init(_ template: String, tokens: [String: String] = [:], file: String) throws {
        (self.file, self.tokens) = (file, tokens)
        do {
            statements = try JinjaStatementReader.statements(template)
        } catch let error as JinjaError {
            throw Self.failure(error, file)
        }
    }

    /// The text of a conversation, up to where the model's answer starts.
    /// - Throws: `Issue` for a conversation that the template refuses, or a template that goes wrong with it.
    public func text(of messages: [Message]) throws -> String {
        var names: [String: JinjaValue] = tokens.mapValues { .string($0) }
        names["messages"] = .list(
            messages.map { message in
                var object = JinjaObject()
                object["role"] = .string(message.role)
                object["content"] = .string(message.content)
                return .object(object)
            })
        names["add_generation_prompt"] = .boolean(true)
        names["tools"] = JinjaValue.none
        names["documents"] = JinjaValue.none
        do {
            return try JinjaRenderer.text(of: statements, names)
        } catch let error as JinjaError {
            throw Self.failure(error, file)
        }
    }

    private static func failure(_ error: JinjaError, _ file: String) -> Issue {
        Issue(.unsupported, .path(file), field: "chat template", advice: error.message)
    }
}
