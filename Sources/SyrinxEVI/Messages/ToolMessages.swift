package import SyrinxCore

/// `tool_call`: EVI wants a tool run.
package struct ToolCall: Sendable, Hashable {
    package static let function = "function"
    package static let builtin = "builtin"

    package var name: String
    /// The arguments: JSON, as text.
    package var parameters: String
    package var responseRequired: Bool
    package var id: String
    /// `function` or `builtin`; an open list.
    package var type: String
    package var customSessionID: String?

    package init(
        _ name: String, id: String, parameters: String, responseRequired: Bool = true, type: String = function,
        customSessionID: String? = nil
    ) {
        self.name = name
        self.id = id
        self.parameters = parameters
        self.responseRequired = responseRequired
        self.type = type
        self.customSessionID = customSessionID
    }

    init(reading object: inout WireObject) throws(WireFault) {
        name = try object.requiredString("name")
        parameters = try object.requiredString("parameters")
        id = try object.requiredString("tool_call_id")
        type = object.string("tool_type") ?? Self.function
        responseRequired = object.boolean("response_required", otherwise: type == Self.function)
        customSessionID = object.string("custom_session_id")
    }

    package var value: Value {
        var list = MemberList(type: "tool_call")
        list.add("name", name)
        list.add("parameters", parameters)
        list.add("response_required", responseRequired)
        list.add("tool_call_id", id)
        list.add("tool_type", type)
        list.add("custom_session_id", customSessionID)
        return list.value
    }
}

/// `tool_response`: the result of a tool. Both sides send it.
package struct ToolResponse: Sendable, Hashable {
    package var id: String
    package var content: String
    package var toolName: String?
    package var toolType: String?
    package var customSessionID: String?

    package init(_ id: String, content: String, toolName: String? = nil, toolType: String? = nil) {
        self.id = id
        self.content = content
        self.toolName = toolName
        self.toolType = toolType
    }

    init(reading object: WireObject) throws(WireFault) {
        id = try object.requiredString("tool_call_id")
        content = try object.requiredString("content")
        toolName = object.string("tool_name")
        toolType = object.string("tool_type")
        customSessionID = object.string("custom_session_id")
    }

    package var value: Value {
        var list = MemberList(type: "tool_response")
        list.add("tool_call_id", id)
        list.add("content", content)
        list.add("tool_name", toolName)
        list.add("tool_type", toolType)
        list.add("custom_session_id", customSessionID)
        return list.value
    }
}

/// `tool_error`: a tool gave no result. Both sides send it.
package struct ToolFailure: Sendable, Hashable {
    package var id: String
    /// For the log; neither the language model nor the user sees it.
    package var error: String
    package var code: String?
    /// What the language model gets in the place of a result.
    package var content: String?
    package var level: String?
    package var toolType: String?
    package var customSessionID: String?

    package init(_ id: String, error: String, code: String? = nil, content: String? = nil) {
        self.id = id
        self.error = error
        self.code = code
        self.content = content
    }

    init(reading object: WireObject) throws(WireFault) {
        id = try object.requiredString("tool_call_id")
        error = try object.requiredString("error")
        code = object.string("code")
        content = object.string("content")
        level = object.string("level")
        toolType = object.string("tool_type")
        customSessionID = object.string("custom_session_id")
    }

    package var value: Value {
        var list = MemberList(type: "tool_error")
        list.add("tool_call_id", id)
        list.add("error", error)
        list.add("code", code)
        list.add("content", content)
        list.add("level", level)
        list.add("tool_type", toolType)
        list.add("custom_session_id", customSessionID)
        return list.value
    }
}
