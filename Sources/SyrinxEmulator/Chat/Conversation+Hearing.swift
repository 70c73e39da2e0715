internal import SyrinxCore
internal import SyrinxEVI

/// What the user says, in sound and in text.
extension Conversation {
    mutating func hear(_ bytes: [UInt8]) {
        guard hasMetadata else { return }
        let isFirst = ear.milliseconds == 0
        let samples: [Int16]
        do throws(Ear.Fault) {
            samples = try ear.receive(bytes)
        } catch {
            guard case .undecodable(let words) = error else { return }
            return fail("E0200", words)
        }
        guard !samples.isEmpty else { return }
        if isFirst { log("USER", "USER_RECORDING_START_MESSAGE") }
        actions.append(.heard(samples, rate: ear.rate))
        if arrivesTooFast(samples.count) { return }
        let length = ear.pieceLength
        for start in stride(from: 0, to: samples.count, by: length) where !isOver {
            for event in ear.listen(to: samples[start..<min(samples.count, start + length)]) { take(event) }
        }
    }

    private mutating func take(_ event: TurnDetector.Event) {
        switch event {
        case .began(let turn):
            beganWhileAudible = isAudible
            wasInterrupted = false
            lastInterim = turn.begin
            speaks(turn)
        case .goesOn(let turn): speaks(turn)
        case .ended(let turn):
            ended(turn)
            // The answer begins before more is heard, however much came at once.
            advance()
        }
    }

    /// Whether more came than time went by.
    private mutating func arrivesTooFast(_ count: Int) -> Bool {
        let length: Moment = .seconds(1) * count / ear.rate
        // Whoever was held up, by the network or by a stall of ours, may catch up.
        ahead = max(.zero - Self.catchUp, ahead - (now - (lastAudio ?? now))) + length
        lastAudio = now
        guard let limit = setup.scenario.burstLimitSeconds, ahead > .seconds(limit) else { return false }
        end("E0723", "Audio arrives faster than real time; send it as it is recorded, in pieces of 20 ms.")
        return true
    }

    /// Whether EVI is being heard, as far as the server can know.
    var isAudible: Bool {
        switch setup.scenario.interruption {
        case .whileHeard: segment != nil || now < playedUntil
        case .whileSending: segment != nil
        case .never: false
        }
    }

    private var minInterruption: Int {
        setup.scenario.minInterruptionMilliseconds ?? setup.persona.minInterruptionMilliseconds
    }

    private mutating func speaks(_ utterance: TurnDetector.Utterance) {
        if isAudible, utterance.milliseconds >= minInterruption { interrupt() }
        guard setup.isVerbose, utterance.end - lastInterim >= 500, !isAudible else { return }
        lastInterim = utterance.end
        let words = transcript(utterance, isWhole: false)
        send(.userMessage(UserMessage(words, interim: true, time: utterance.begin...utterance.end, language: "en")))
    }

    private mutating func ended(_ utterance: TurnDetector.Utterance) {
        // A short sound while EVI speaks ("uh-huh") is no turn.
        if beganWhileAudible, !wasInterrupted, isAudible || utterance.milliseconds < minInterruption { return }
        let words = transcript(utterance, isWhole: true)
        var reply = Turn(steps: steps(turnCount))
        reply.isSpoken = true
        reply.decibels = utterance.decibels
        if !ear.lastTurn.isEmpty { reply.sound = Speech(rate: ear.rate, samples: ear.lastTurn) }
        let scores =
            script(turnCount)?.emotions.map { EmotionModel.scores(seed: setup.seed, words: words, given: $0) }
            ?? EmotionModel.scores(seed: setup.seed, words: words, decibels: utterance.decibels)
        finish(
            UserMessage(
                words, models: Inference(prosody: scores), time: utterance.begin...utterance.end, language: "en"),
            reply,
            scores: scores)
    }

    /// Typed words.
    mutating func userSays(_ text: String) {
        let at = ear.milliseconds
        finish(UserMessage(text, fromText: true, time: at...at), Turn(steps: steps(turnCount)), scores: nil)
    }

    private mutating func finish(_ message: UserMessage, _ reply: Turn, scores: Scores?) {
        guard hasMetadata else { return }
        var reply = reply
        reply.heard = (message.message.content ?? "").clipped(to: 4_000)
        reply.isReply = true
        turnCount += 1
        lastUser = now
        warnedAt = nil
        send(.userMessage(message))
        log("USER", "USER_MESSAGE", reply.heard, scores: scores)
        if isPaused {
            turnWhilePaused = reply
        } else if message.fromText {
            enqueue(reply)
        } else {
            // Whoever speaks again before the answer wants another one; a call under way is superseded.
            start(reply)
        }
    }

    /// Drops what is being said and tells so.
    mutating func interrupt() {
        wasInterrupted = true
        send(.userInterruption(UserInterruption(time: .integer(unixMilliseconds))))
        log("USER", "USER_INTERRUPTION")
        actions.append(.hushed(milliseconds: ear.milliseconds))
        for _ in 0..<setup.scenario.latePieces where segment != nil { sendPiece(isHeard: false) }
        drop()
    }

    /// Forgets the turn under way.
    mutating func drop() {
        segment = nil
        awaited = nil
        turn = nil
        queue = []
        call = nil
        waitUntil = nil
        playedUntil = now
    }

    // MARK: What was heard

    /// There is no recogniser here: the scenario's words, or how long it was.
    private func transcript(_ utterance: TurnDetector.Utterance, isWhole: Bool) -> String {
        if let words = script(turnCount)?.hears {
            if isWhole { return words }
            let count = max(1, utterance.milliseconds / 400)
            return words.split(separator: " ").prefix(count).joined(separator: " ")
        }
        let tenths = utterance.milliseconds / 100
        return "[\(tenths / 10).\(tenths % 10) s of speech]"
    }

    private func script(_ number: Int) -> Scenario.Turn? {
        let turns = setup.script.turns
        if turns.indices.contains(number) { return turns[number] }
        return setup.script.afterTurns == .repeat && !turns.isEmpty ? turns[number % turns.count] : nil
    }

    private func steps(_ number: Int) -> [Scenario.Step] {
        if let script = script(number) { return script.steps }
        return setup.script.afterTurns == .silence ? [] : [.answer]
    }
}
