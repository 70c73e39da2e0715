package import SyrinxCore

/// What may be written: the documented members and no others.
///
/// - Source: protocol 6.1, the columns "write".
enum RESTBody {
    private static let members: [RESTRequests.Kind: (needed: [String], onCreation: [String], optional: [String])] = [
        .configs: (
            ["evi_version"], ["name"],
            [
                "version_description", "prompt", "voice", "language_model", "ellm_model", "tools", "builtin_tools",
                "event_messages", "timeouts", "nudges", "turn_detection", "interruption", "webhooks",
            ]
        ),
        .prompts: (["text"], ["name"], ["version_description", "prompt_expansion"]),
        .tools: (["parameters"], ["name"], ["description", "fallback_content", "version_description"]),
    ]

    /// What is read of a stored thing but cannot be written.
    private static let readOnly: Set = ["id", "version", "version_type", "tool_type", "created_on", "modified_on"]

    static func check(_ body: Value, of kind: RESTRequests.Kind, isNew: Bool) throws(PipelineError) {
        guard case .object(let given) = body, let rule = members[kind] else {
            throw PipelineError(.invalidParameter, at: kind.rawValue, "found no object, expected one with members")
        }
        let known = rule.needed + rule.optional + (isNew ? rule.onCreation : [])
        for member in given where !known.contains(member.name) {
            let advice: String
            if readOnly.contains(member.name) {
                advice = "it is read only; leave it out"
            } else if rule.onCreation.contains(member.name) {
                advice = "it is set on creation only; rename instead"
            } else {
                advice = "expected one of \(known.sorted().joined(separator: ", "))"
            }
            throw PipelineError(
                .invalidParameter, at: "\(kind.rawValue)\(Shown.step(member.name))", "no such member here: \(advice)")
        }
        for name in rule.needed + (isNew ? rule.onCreation : []) where given.allSatisfy({ $0.name != name }) {
            throw PipelineError(
                .invalidParameter, at: "\(kind.rawValue).\(name)", "found nothing, expected this member")
        }
    }

    /// A stored thing in the shape in which it can be written again, to change a member and post it.
    static func writable(_ stored: Value, of kind: RESTRequests.Kind) -> Value {
        guard case .object(let given) = stored, let rule = members[kind] else { return stored }
        let known = rule.needed + rule.optional
        return .object(
            given.compactMap { member in
                guard known.contains(member.name), member.value != .null else { return nil }
                return Value.Member(member.name, writable(member.value, as: member.name))
            })
    }

    /// What is read whole is written by reference.
    private static func writable(_ value: Value, as name: String) -> Value {
        func keep(_ value: Value, _ names: String...) -> Value {
            .object(names.compactMap { name in value[name].flatMap { $0 == .null ? nil : Value.Member(name, $0) } })
        }
        switch name {
        case "prompt": return value["id"] == nil ? keep(value, "text") : keep(value, "id", "version")
        case "voice": return value["id"] == nil ? keep(value, "name", "provider") : keep(value, "id", "provider")
        case "tools": return .list((value.list ?? []).map { keep($0, "id", "version") })
        case "builtin_tools": return .list((value.list ?? []).map { keep($0, "name", "fallback_content") })
        default: return value
        }
    }
}

extension RESTRequests.Kind {
    /// A stored thing in the shape in which ``RESTRequests/update(_:id:_:)`` takes it.
    package func writable(_ stored: Value) -> Value { RESTBody.writable(stored, of: self) }
}
