internal import SyrinxCore

/// Tool calls that wait for an answer: each is answered once, in time, or not at all.
///
/// EVI makes one call at a time; a new one supersedes the old, whose answer is dropped then.
///
/// - Thread: control; a value.
/// - Source: protocol 3.4, 5.8.
struct ToolDesk: Sendable {
    /// The longest answer that is sent, in UTF-8.
    static let answerLimit = 1 << 20
    private static let memory = 64

    private struct Open {
        let call: ToolCall
        let deadline: Moment
    }

    enum Step: Sendable, Hashable {
        case run(ToolCall)
        case cancel(id: String)
        case answer(ClientMessage)
        case event(SessionEvent)
    }

    private var specs: [String: ToolSpec]
    private var open: Open?
    /// Ids that are settled; the same call again is no new one.
    private var settled = FIFO<String>()

    init(_ specs: [ToolSpec]) {
        self.specs = Dictionary(specs.map { ($0.tool.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes up tools that were named in the midst of a chat; somebody will answer by command.
    mutating func learn(_ tools: [SessionSettings.Tool]) {
        for tool in tools where specs[tool.name]?.tool != tool {
            specs[tool.name] = ToolSpec(tool, timeout: specs[tool.name]?.timeout ?? .seconds(10))
        }
    }

    var isBusy: Bool { open != nil }
    var deadline: Moment? { open?.deadline }

    /// Takes a call.
    mutating func take(_ call: ToolCall, at now: Moment) -> [Step] {
        var steps: [Step] = [.event(.toolCall(call))]
        guard call.responseRequired, call.type != ToolCall.builtin else { return steps }
        if call.id == open?.call.id || settled.contains(call.id) { return [] }
        steps = supersede() + steps
        guard let spec = specs[call.name] else {
            let names = specs.keys.sorted().joined(separator: ", ")
            return steps + refuse(call, error: "no such tool; there are: \(names)", content: "There is no such tool.")
        }
        guard case .object? = (try? WireJSON.read(Array(call.parameters.utf8), byteLimit: Self.answerLimit))?.value
        else {
            return steps
                + refuse(call, error: "the arguments are no JSON object", content: "The arguments could not be read.")
        }
        open = Open(call: call, deadline: now + spec.timeout)
        return steps + [.run(call)]
    }

    /// Takes the tool's answer. One that is too late, or that nobody waits for, is dropped.
    mutating func answer(_ id: String, _ content: String) -> [Step] {
        guard let call = open?.call, call.id == id else { return [] }
        guard content.utf8.count <= Self.answerLimit else {
            let words = "found an answer of \(content.utf8.count) bytes, expected \(Self.answerLimit) at most"
            return fail(id, error: words, content: nil)
        }
        settle(id)
        return [
            .answer(
                .toolResponse(ToolResponse(id, content: content, toolName: call.name, toolType: ToolCall.function))),
            .event(.toolAnswer(id: id, name: call.name, outcome: .answered)),
        ]
    }

    /// Takes word that the tool failed.
    mutating func fail(_ id: String, error: String, content: String?) -> [Step] {
        guard let call = open?.call, call.id == id else { return [] }
        settle(id)
        return failure(call, error: error, content: content, outcome: .failed)
    }

    /// Gives up the call whose time is over.
    mutating func expire(at now: Moment) -> [Step] {
        guard let late = open, late.deadline <= now else { return [] }
        settle(late.call.id)
        let seconds = specs[late.call.name].map { $0.timeout.inSeconds } ?? 0
        return [.cancel(id: late.call.id)]
            + failure(
                late.call, error: "the tool did not answer within \(seconds) s", content: "The tool did not answer.",
                outcome: .timedOut)
    }

    /// Forgets the call that is open: another came, or the session is over.
    mutating func supersede() -> [Step] {
        guard let call = open?.call else { return [] }
        settle(call.id)
        return [
            .cancel(id: call.id), .event(.toolAnswer(id: call.id, name: call.name, outcome: .superseded)),
        ]
    }

    private mutating func refuse(_ call: ToolCall, error: String, content: String) -> [Step] {
        settle(call.id)
        return failure(call, error: error, content: content, outcome: .refused)
    }

    private func failure(
        _ call: ToolCall, error: String, content: String?, outcome: SessionEvent.ToolOutcome
    ) -> [Step] {
        let fallback = content ?? specs[call.name]?.tool.fallbackContent
        var failure = ToolFailure(call.id, error: error, content: fallback)
        failure.level = "warn"
        failure.toolType = ToolCall.function
        return [.answer(.toolError(failure)), .event(.toolAnswer(id: call.id, name: call.name, outcome: outcome))]
    }

    private mutating func settle(_ id: String) {
        if open?.call.id == id { open = nil }
        settled.append(id)
        if settled.count > Self.memory { _ = settled.popFirst() }
    }
}
