internal import SyrinxCore

extension SessionEvent {
    /// The event without secrets in whatever the server wrote into it: it may have heard one, or say one back.
    func masked(by mask: SecretMask) -> SessionEvent {
        if mask.isEmpty { return self }
        switch self {
        case .connected(var metadata, let how, let time):
            metadata.chatID = mask.mask(metadata.chatID)
            metadata.chatGroupID = mask.mask(metadata.chatGroupID)
            metadata.requestID = metadata.requestID.map(mask.mask)
            return .connected(metadata, how: how, after: time)
        case .userMessage(var message):
            message.message.content = message.message.content.map(mask.mask)
            message.language = message.language.map(mask.mask)
            return .userMessage(message)
        case .assistantMessage(var message):
            message.id = message.id.map(mask.mask)
            message.message.content = message.message.content.map(mask.mask)
            message.language = message.language.map(mask.mask)
            return .assistantMessage(message)
        case .assistantProsody(var prosody):
            prosody.id = prosody.id.map(mask.mask)
            return .assistantProsody(prosody)
        case .interruption(let dropped, let cause): return .interruption(dropped: dropped.map(mask.mask), cause: cause)
        case .toolCall(var call):
            call.id = mask.mask(call.id)
            call.name = mask.mask(call.name)
            call.parameters = mask.mask(call.parameters)
            return .toolCall(call)
        case .toolAnswer(let id, let name, let outcome):
            return .toolAnswer(id: mask.mask(id), name: mask.mask(name), outcome: outcome)
        case .playbackBegan(let id): return .playbackBegan(id: mask.mask(id))
        case .error(var error):
            error.code = mask.mask(error.code)
            error.slug = mask.mask(error.slug)
            error.message = mask.mask(error.message)
            error.requestID = error.requestID.map(mask.mask)
            return .error(error)
        case .warning(let text): return .warning(mask.mask(text))
        case .reconnecting(let reason, let attempt, let delay):
            return .reconnecting(reason: mask.mask(reason), attempt: attempt, delay: delay)
        // Their words are ours; the reason of the end was masked where it was made.
        case .assistantEnd, .playbackFinished, .settingsEcho, .rollingOver, .asleep, .awake, .muted, .paused, .closed:
            return self
        }
    }
}
