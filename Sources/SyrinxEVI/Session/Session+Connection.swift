internal import SyrinxCore

/// From attempt to chat to the end.
extension Session {
    /// Opens a new socket, after a token if one is needed.
    mutating func beginAttempt() {
        attempt += 1
        figures.attempts += 1
        attemptBegan = now
        lostProvenChat = false
        (isWritable, hangUpSeen, closeExpected, lastError, warnings) = (true, false, nil, nil, 0)
        guard case .keyAndSecret(let key, let secret) = options.credentials else { return open(token: nil) }
        phase = .fetchingToken(until: now + options.metadataLimit)
        actions.append(
            .fetchToken(attempt: attempt, ChatRequest.token(options.base.http, key: key, secret: secret)))
    }

    mutating func take(
        token result: Result<HTTPResponse, TransportFailure>, using random: inout some RandomNumberGenerator
    ) {
        switch result {
        case .success(let response):
            if let token = ChatRequest.token(in: response) {
                hide(token)
                open(token: token)
            } else if [400, 401, 403].contains(response.status) {
                end(.tokenRefused(status: response.status))
            } else {
                let found = response.status == 200 ? "an answer without access_token" : "HTTP \(response.status)"
                retry("no token: found \(found)", after: RetryAfter.delay(in: response), using: &random)
            }
        case .failure(let failure): take(failure, using: &random)
        }
    }

    mutating func take(_ failure: TransportFailure, using random: inout some RandomNumberGenerator) {
        let words = mask.mask(failure.message)
        switch failure.kind {
        case .untrusted: end(.untrusted(words))
        case .invalid: end(.gaveUp(attempts: failures + 1, last: words))
        case .unreachable: retry(words, using: &random)
        }
    }

    private mutating func open(token: Secret?) {
        phase = .connecting(until: now + options.handshakeLimit)
        lateSettings = SessionSettings()
        let query = ChatRequest.split(settings, byMessage: options.settingsByMessage).query
        actions.append(
            .connect(
                attempt: attempt,
                ChatRequest.connect(options, settings: query, groupID: groupID, token: token)))
    }

    /// Takes what the socket of this attempt reports.
    mutating func take(_ event: TransportEvent, using random: inout some RandomNumberGenerator) {
        guard hasSocket else { return }
        switch event {
        case .opened:
            if case .connecting = phase { phase = .greeting(until: now + options.metadataLimit) }
        case .refused(let status, let retryAfter):
            if RetryTable.retries(status: status) {
                retry("the handshake was refused with HTTP \(status)", after: retryAfter, using: &random)
            } else {
                end(.refused(status: status))
            }
        case .failed(let failure):
            if case .closing(let next, _) = phase { return proceed(next, code: 1006, reason: "", using: &random) }
            take(failure, using: &random)
        case .text(let bytes): take(text: bytes)
        case .binary(let count): warn("found a binary frame of \(count) bytes from the server, expected text")
        case .writable(let isWritable): self.isWritable = isWritable
        case .closed(let code, let reason):
            if case .closing(let next, _) = phase { return proceed(next, code: code, reason: reason, using: &random) }
            leaveChat()
            decide(code: code, reason: reason, using: &random)
        }
    }

    var hasSocket: Bool {
        switch phase {
        case .connecting, .greeting, .live, .closing: true
        default: false
        }
    }

    /// There is a chat.
    mutating func beginChat(_ metadata: ChatMetadata) {
        guard phase != .live else { return warn("found a second chat_metadata in one chat") }
        chat = Chat(metadata: metadata, began: now)
        figures.chats += 1
        groupID = metadata.chatGroupID
        phase = .live
        isTurnOpen = false
        lastSign = now
        emit(.connected(metadata, how: how, after: now - attemptBegan))
        if let message = ChatRequest.split(settings, byMessage: options.settingsByMessage).message {
            send(.sessionSettings(message))
        }
        if !lateSettings.isEmpty { send(.sessionSettings(lateSettings)) }
        if isPaused { send(.pauseAssistant()) }
        while let message = outbox.popFirst() { send(message) }
        microphone.open(at: now)
    }

    /// The chat is over, whatever follows; does nothing if there was none.
    mutating func leaveChat() {
        guard let chat else { return }
        spent += now - chat.began
        figures.chatTime = spent
        lostProvenChat = chat.isProven
        self.chat = nil
        isTurnOpen = false
        microphone.close()
        if options.dropsPlaybackOnLoss, !playback.isEmpty {
            interrupt(.loss)
        } else {
            actions.append(hasEndedTurn ? .playOut : .breakOff)
            report(playback.seal())
        }
    }

    // MARK: What follows

    /// Decides by the last error and the close code.
    mutating func decide(code: Int, reason: String, using random: inout some RandomNumberGenerator) {
        let recent = lastError.flatMap { now - $0.at <= Self.errorMemory || phase != .live ? $0.error : nil }
        let shown = mask.mask(Shown.plain(reason, limit: 120))
        guard let error = recent, RetryTable.rule(error: error.code) != .harmless else {
            switch code {
            case 1000: return end(hangUpSeen ? .hungUp : .serverEnded)
            case _ where RetryTable.retries(close: code):
                let words = code == 1006 ? "the connection broke" : "closed with code \(code)"
                return lose(shown.isEmpty ? words : "\(words): \(shown)", using: &random)
            default: return end(.protocolViolation(code: code, reason: shown))
            }
        }
        let words = "\(Shown.plain(error.code)) \(Shown.plain(error.slug))"
        switch RetryTable.rule(error: error.code) {
        case .harmless: break  // handled above
        case .final: end(error.code == "E0300" || error.code == "E0301" ? .noCredit(error) : .failed(error))
        case .retry:
            if code == 1000, usedInternalRetry { return end(.failed(error)) }
            if code == 1000 { usedInternalRetry = true }
            lose(words, using: &random)
        case .retryWithoutGroup:
            guard groupID != nil else { return end(.failed(error)) }
            groupID = nil
            how = .fresh
            emit(.warning("the chat group cannot be resumed; a new chat begins"))
            failures += 1
            if let most = options.maxAttempts, failures >= most { return end(.failed(error)) }
            beginAttempt()
        case .idle:
            guard options.onIdle == .sleep else { return end(.idle) }
            phase = .asleep
            emit(.asleep)
        case .maxDuration:
            guard options.rollsOver else { return end(.maxDuration) }
            // The shortest limit that can be set is 30 s: an earlier end is some fault, and must not become a storm.
            if lostProvenChat { rollOver() } else { lose(words, using: &random) }
        case .transcription: end(.transcriptionFailed(error))
        }
    }

    /// A chat or an attempt was lost; the next attempt follows.
    private mutating func lose(_ reason: String, using random: inout some RandomNumberGenerator) {
        figures.losses += 1
        retry(reason, using: &random)
    }

    /// Waits, then tries again; or gives up.
    mutating func retry(
        _ reason: String, after least: Moment? = nil, using random: inout some RandomNumberGenerator
    ) {
        // The loss of a chat that had proven itself is no failed attempt.
        if !lostProvenChat { failures += 1 }
        lostProvenChat = false
        if let most = options.maxAttempts, failures >= most {
            return end(.gaveUp(attempts: failures, last: reason))
        }
        waits += 1
        let delay = max(options.backOff.delay(after: waits, using: &random), min(least ?? .zero, .seconds(60)))
        if figures.chats > 0 { how = .reconnected }
        phase = .waiting(until: now + delay)
        emit(.reconnecting(reason: reason, attempt: failures + 1, delay: delay))
    }

    mutating func rollOver() {
        figures.rollOvers += 1
        how = .rolledOver
        (failures, waits) = (0, 0)
        beginAttempt()
    }

    /// Closes in good order; `next` follows when the peer has answered, or after a second.
    mutating func close(_ next: Next, code: Int = 1000) {
        guard hasSocket else { return }
        actions.append(.close(attempt: attempt, code: code, reason: ""))
        phase = .closing(next: next, until: now + .milliseconds(800))
    }

    mutating func proceed(
        _ next: Next, code: Int, reason: String, using random: inout some RandomNumberGenerator
    ) {
        leaveChat()
        switch next {
        case .end(let reason): end(reason)
        case .rollOver: rollOver()
        case .decide: decide(code: 1000, reason: reason, using: &random)
        }
    }

    /// Ends for good.
    mutating func end(_ reason: EndReason) {
        if isEnded { return }
        leaveChat()
        run(desk.supersede())
        phase = .ended(reason)
        isSettled = true
        outbox.removeAll()
        if reason == .stopped, !playback.isEmpty {
            _ = playback.interrupt()
            actions.append(.drop)
        }
        emit(.closed(reason))
        actions.append(.end(reason))
    }

    mutating func stop() {
        switch phase {
        case .ended: break
        case .greeting, .live: close(.end(.stopped))
        case .closing(_, let until): phase = .closing(next: .end(.stopped), until: until)
        case .connecting:
            actions.append(.abandon(attempt: attempt))
            end(.stopped)
        case .idle, .fetchingToken, .waiting, .asleep: end(.stopped)
        }
    }

    mutating func wake() {
        guard phase == .asleep else { return }
        emit(.awake)
        how = .reconnected
        (failures, waits) = (0, 0)
        beginAttempt()
    }
}
