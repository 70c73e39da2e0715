internal import SyrinxCore

/// What the server says.
extension Session {
    mutating func take(text bytes: [UInt8]) {
        guard bytes.count <= WireJSON.byteLimit else {
            let words = "found a message of \(bytes.count) bytes, expected \(WireJSON.byteLimit) at most"
            return close(.end(.protocolViolation(code: 1009, reason: words)), code: 1009)
        }
        do throws(WireFault) {
            let decoded = try ServerMessage.decode(bytes)
            for note in decoded.notes { warn("a message of the server: \(note)") }
            take(decoded.message)
        } catch {
            figures.brokenMessages += 1
            warn("a message of the server was passed over: \(error)")
        }
    }

    private mutating func take(_ message: ServerMessage) {
        if case .closing = phase {
            // What is said while we roll over is still to be heard; everything else comes too late.
            switch message {
            case .audioOutput, .assistantMessage, .userMessage: break
            default: return
            }
        }
        switch message {
        case .chatMetadata(let metadata): beginChat(metadata)
        case .sessionSettings: emit(.settingsEcho)
        case .error(let error): take(error)
        case .userMessage(let message): take(message)
        case .userInterruption:
            isTurnOpen = false
            interrupt(.server)
        case .assistantMessage(let message):
            sign()
            if let id = message.id { playback.announce(id) }
            transcript.add(message, at: now)
            emit(.assistantMessage(message))
        case .assistantProsody(let prosody):
            transcript.add(prosody)
            emit(.assistantProsody(prosody))
        case .audioOutput(let output): take(output)
        case .assistantEnd: endTurn()
        case .toolCall(let call):
            sign()
            if call.name == "hang_up" { hangUpSeen = true }
            run(desk.take(call, at: now))
        case .toolResponse(let response):
            if response.toolName == "hang_up" { hangUpSeen = true }
            emit(.toolAnswer(id: response.id, name: response.toolName ?? "", outcome: .answered))
        case .toolError(let failure):
            emit(.toolAnswer(id: failure.id, name: "", outcome: .failed))
            warn("the server says of a tool: \(Shown.plain(failure.error, limit: 200))")
        case .unknown(let type, _):
            figures.unknownMessages += 1
            if figures.unknownMessages == 1 {
                warn("found a message of type \(Shown.quoted(type)), which is not known")
            }
        }
    }

    /// The server works on an answer.
    private mutating func sign() {
        isTurnOpen = true
        lastSign = now
    }

    private mutating func take(_ error: ServerError) {
        var error = error
        error.code = mask.mask(error.code)
        error.message = mask.mask(error.message)
        error.slug = mask.mask(error.slug)
        emit(.error(error))
        guard RetryTable.rule(error: error.code) != .harmless else { return }
        lastError = (error, now)
        if RetryTable.closes(after: error.code) { closeExpected = now + Self.errorMemory }
    }

    private mutating func take(_ message: UserMessage) {
        lastUserSound = now
        lastSign = now
        if !message.interim {
            isTurnOpen = true
            wasAnswered = false
        }
        transcript.add(message, at: now)
        emit(.userMessage(message))
        if options.stopsOnUserMessage, !message.interim, !message.fromText, hasEndedTurn, !playback.isEmpty {
            interrupt(.userMessage)
        }
    }

    private mutating func take(_ output: AudioOutput) {
        do throws(WireFault) {
            let piece = try WAVPiece(reading: output.data)
            let outcome = playback.add(piece, id: output.id, index: output.index, at: now)
            if outcome == .late { return }
            sign()
            hasEndedTurn = false
            if outcome == .refused { warn("speech was dropped: more than can be queued came at once") }
            if playback.isReady { actions.append(.play) }
        } catch {
            figures.brokenMessages += 1
            warn("a piece of speech was passed over: \(error)")
        }
    }

    private mutating func endTurn() {
        isTurnOpen = false
        hasEndedTurn = true
        wasAnswered = true
        lastSign = now
        lastQuiet = now
        // Context for one answer is used up.
        if case .set(let context)? = settings.context, context.type != SessionSettings.Context.persistent {
            settings.context = nil
        }
        emit(.assistantEnd)
        actions.append(.playOut)
        report(playback.endTurn())
    }

    /// Drops what is queued and sounds.
    mutating func interrupt(_ cause: SessionEvent.Interruption) {
        let ids = playback.interrupt()
        transcript.interrupted(ids)
        silence()
        actions.append(.drop)
        emit(.interruption(dropped: ids, cause: cause))
    }

    /// Takes what playback tells of itself.
    mutating func report(_ events: [PlaybackQueue.Event]) {
        for event in events {
            switch event {
            case .began(let id):
                isHeard = true
                transcript.began(id)
                emit(.playbackBegan(id: id))
            case .finished(let id): transcript.finished(id)
            case .turnFinished: emit(.playbackFinished)
            }
        }
        if playback.isEmpty { silence() }
    }

    private mutating func silence() {
        lastQuiet = now
        guard isHeard else { return }
        isHeard = false
        heardUntil = now + options.halfDuplexTail
    }

    /// Carries out what the tool desk wants.
    mutating func run(_ steps: [ToolDesk.Step]) {
        for step in steps {
            switch step {
            case .run(let call): actions.append(.runTool(call))
            case .cancel(let id): actions.append(.cancelTool(id: id))
            case .answer(let message): post(message)
            case .event(let event): emit(event)
            }
        }
    }

    /// Sends a text, or keeps it for the next chat.
    mutating func post(_ message: ClientMessage) {
        if phase == .live { return send(message) }
        outbox.append(message)
        var bytes = outbox.reduce(0) { $0 + $1.encoded().count }
        while outbox.count > Self.outboxCount || bytes > Self.outboxBytes, let oldest = outbox.popFirst() {
            bytes -= oldest.encoded().count
            figures.droppedTexts += 1
            warn("a text was dropped: too much waits for the connection")
        }
    }
}
