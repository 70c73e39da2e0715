internal import SyrinxCore
internal import SyrinxEVI

/// Tools, and what is answered where no scenario says it.
extension Conversation {
    var tools: [SessionSettings.Tool] { settings.tools ?? setup.persona.tools }
    var builtinTools: [SessionSettings.BuiltinTool] { settings.builtinTools ?? setup.persona.builtinTools }

    mutating func callTool(_ name: String, _ parameters: String, required: Bool, builtin: Bool, timeout: Moment) {
        let id = "call-\(random.uuid())"
        let type = builtin ? ToolCall.builtin : ToolCall.function
        let message = ToolCall(name, id: id, parameters: parameters, responseRequired: required, type: type)
        send(.toolCall(message))
        log("TOOL", "FUNCTION_CALL", metadata: message.value, key: id)
        if required {
            call = PendingCall(id: id, name: name, until: now + timeout)
        } else if builtin {
            // The server runs it itself; there is no web here.
            let content: Value = .object([
                .init("summary", .string("The emulator searches nothing.")), .init("references", .list([])),
            ])
            lastTool = (name, content.json())
            let answer = ToolResponse(id, content: content.json(), toolName: name, toolType: ToolCall.builtin)
            send(.toolResponse(answer))
            log("TOOL", "FUNCTION_CALL_RESPONSE", metadata: answer.value, related: id)
        }
    }

    /// The client's answer to a call.
    mutating func answered(_ id: String, _ content: String?, error: String?) {
        guard let call, call.id == id else {
            return send(.toolError(ToolFailure(id, error: "no call with this id waits for an answer")))
        }
        self.call = nil
        lastTool = (call.name, content ?? fallback(call.name) ?? "no result")
        var metadata: [Value.Member] = [
            .init("tool_call_id", .string(id)), .init("content", .string(lastTool.content)),
        ]
        if let error { metadata.append(.init("error", .string(error))) }
        log("TOOL", "FUNCTION_CALL_RESPONSE", metadata: .object(metadata), related: id)
    }

    func fallback(_ name: String) -> String? { tools.last { $0.name == name }?.fallbackContent }

    /// What is said to the user's words where no scenario says it.
    func answer() -> [Scenario.Step] {
        guard let turn else { return [] }
        if setup.isParrot { return [.parrot] }
        let words = turn.heard.lowercased()
        if !turn.isSpoken, words.contains("goodbye") || words.contains("hang up"),
            builtinTools.contains(where: { $0.name == "hang_up" })
        {
            return [.say("Goodbye.", quick: false), .hangUp]
        }
        if let tool = tools.first(where: {
            words.contains($0.name.lowercased().spaced) || words.contains($0.name.lowercased())
        }) {
            let parameters = SchemaExample.value(of: tool.parameters).json()
            return [
                .tool(
                    name: tool.name, parameters: parameters, required: true, builtin: false, timeoutMilliseconds: 30_000
                ),
                .say("The tool {{tool_name}} says: {{tool}}", quick: false),
            ]
        }
        if !turn.isSpoken, words.contains("search"), builtinTools.contains(where: { $0.name == "web_search" }) {
            let parameters = Value.object([.init("query", .string(turn.heard))]).json()
            return [
                .tool(
                    name: "web_search", parameters: parameters, required: false, builtin: true, timeoutMilliseconds: 1),
                .say("I have searched, and found nothing.", quick: false),
            ]
        }
        let reply = turn.isSpoken ? "I heard {{heard_words}}. Please go on." : "You wrote: {{heard}}"
        return [.say(reply, quick: false)]
    }

    /// A text with its variables filled in: those of the session, and a few of our own.
    func fill(_ text: String) -> String {
        guard text.contains("{{") else { return text }
        var filled = ""
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            filled += rest[..<open.lowerBound]
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                rest = rest[open.lowerBound...]
                break
            }
            let name = String(rest[open.upperBound..<close.lowerBound]).trimmingBlanks
            filled += variable(name) ?? String(rest[open.lowerBound..<close.upperBound])
            rest = rest[close.upperBound...]
        }
        return filled + rest
    }

    private func variable(_ name: String) -> String? {
        if let value = settings.variables?.last(where: { $0.name == name })?.value {
            return value.string ?? value.json()
        }
        switch name {
        case "heard": return turn?.heard
        // For saying aloud.
        case "heard_words":
            return turn.map { $0.heard.filter { $0 != "[" && $0 != "]" }.replacing(" s of", with: " seconds of") }
        case "turn": return String(turnCount)
        case "remembered": return String(setup.remembered)
        case "tool": return lastTool.content
        case "tool_name": return lastTool.name
        case "context":
            if case .set(let context)? = settings.context { return context.text }
            return ""
        default: return nil
        }
    }
}

extension String {
    /// `set_lamp` as it is said: `set lamp`.
    fileprivate var spaced: String { String(map { $0 == "_" || $0 == "-" ? " " : $0 }) }
}

/// Arguments that fit a JSON Schema, as far as its types, defaults and enumerations tell.
enum SchemaExample {
    static func value(of schema: String) -> Value {
        guard let root = try? WireJSON.read(Array(schema.utf8), byteLimit: 1 << 20).value else { return .object([]) }
        return example(root, depth: 0)
    }

    private static func example(_ schema: Value, depth: Int) -> Value {
        if let value = schema["default"] ?? schema["const"] ?? schema["enum"]?.list?.first
            ?? schema["examples"]?.list?.first
        {
            return value
        }
        switch schema["type"]?.string ?? schema["type"]?.list?.first?.string {
        case "integer": return .integer(schema["minimum"]?.double.flatMap { Int(exactly: $0.rounded(.up)) } ?? 1)
        case "number": return .number(schema["minimum"]?.double ?? 1)
        case "boolean": return .boolean(true)
        case "array": return .list([])
        case "null": return .null
        case "string": return .string("example")
        default:
            guard case .object(let properties)? = schema["properties"], depth < 8 else { return .object([]) }
            return .object(properties.map { .init($0.name, example($0.value, depth: depth + 1)) })
        }
    }
}
