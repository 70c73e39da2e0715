internal import SyrinxCore
internal import SyrinxEVI

/// What EVI says and does.
extension Conversation {
    /// Begins a turn at once, in the place of the one under way.
    mutating func start(_ new: Turn) {
        let audible = playedUntil
        drop()
        // Replacing is no interruption: what was sent is still heard.
        playedUntil = max(audible, now)
        turn = new
    }

    /// Begins a turn after those before it.
    mutating func enqueue(_ new: Turn) {
        guard queue.count < Self.queueLimit else { return }
        queue.append(new)
    }

    /// Does what can be done now.
    mutating func advance() {
        while !isOver {
            if segment != nil {
                guard nextPiece <= now else { return }
                sendPiece(isHeard: true)
                continue
            }
            if awaited != nil { return }
            if let until = waitUntil {
                guard until <= now else { return }
                waitUntil = nil
            }
            if let call {
                guard call.until <= now else { return }
                lastTool = (call.name, fallback(call.name) ?? "no answer")
                self.call = nil
            }
            if turn == nil {
                if isPaused || queue.isEmpty { return }
                turn = queue.removeFirst()
            }
            guard let step = turn?.steps.first else {
                if turn?.hasSpoken == true { endTurn() }
                turn = nil
                continue
            }
            turn?.steps.removeFirst()
            perform(step)
        }
    }

    private mutating func endTurn() {
        send(.assistantEnd())
        // Context for one answer is used up.
        if turn?.isReply == true, case .set(let context)? = settings.context,
            context.type != SessionSettings.Context.persistent
        {
            settings.context = nil
        }
    }

    mutating func perform(_ step: Scenario.Step) {
        switch step {
        case .say(let text, let quick): say(fill(text), quick: quick)
        case .answer:
            let steps = answer()
            turn?.steps.insert(contentsOf: steps, at: 0)
        case .parrot:
            let words = turn?.heard ?? ""
            guard let sound = turn?.sound else {
                return say(words.isEmpty ? "I have heard nothing." : words, quick: false)
            }
            utter(words, sound, quick: false)
        case .play(_, let samples, let rate, let text):
            utter(fill(text), Speech(rate: rate, samples: samples), quick: false)
        case .wait(let milliseconds): waitUntil = now + .milliseconds(milliseconds)
        case .tool(let name, let parameters, let required, let builtin, let timeout):
            callTool(name, parameters, required: required, builtin: builtin, timeout: .milliseconds(timeout))
        case .hangUp:
            let id = "call-\(random.uuid())"
            send(
                .toolCall(
                    ToolCall("hang_up", id: id, parameters: "{}", responseRequired: false, type: ToolCall.builtin)))
            log("TOOL", "FUNCTION_CALL", metadata: .object([.init("name", .string("hang_up"))]))
            close(1000, "hang_up")
        case .error(let code, let slug, let message):
            sendError(code, slug, message)
        case .close(let code, let reason): close(code, reason)
        case .cut:
            log("SYSTEM", "CHAT_END_MESSAGE")
            isOver = true
            actions.append(.cut)
        case .stall(let milliseconds): actions.append(.stall(.milliseconds(milliseconds)))
        case .send(let value): actions.append(.sendText(Array(value.json().utf8)))
        case .sendText(let text): actions.append(.sendText(Array(text.utf8)))
        case .sendBinary(let count): actions.append(.sendBinary([UInt8](repeating: 0, count: count)))
        case .huge(let count): actions.append(.sendText(Self.huge(count)))
        case .interrupt:
            // The turn goes on with what stands after it.
            let rest = turn
            interrupt()
            turn = rest
        }
    }

    /// A well-formed message of an unknown type, exactly so long.
    private static func huge(_ count: Int) -> [UInt8] {
        let (head, tail) = (Array(#"{"type":"padding","text":""#.utf8), Array("\"}".utf8))
        return head + [UInt8](repeating: UInt8(ascii: "x"), count: max(0, count - head.count - tail.count)) + tail
    }

    // MARK: Speech

    private mutating func say(_ text: String, quick: Bool) {
        guard var turn else { return }
        var sentences = Sentences.split(text)
        guard !sentences.isEmpty else { return }
        let first = sentences.removeFirst()
        if !sentences.isEmpty { turn.steps.insert(.say(sentences.joined(separator: " "), quick: quick), at: 0) }
        self.turn = turn
        let words = announce(first, quick: quick)
        ticketCount += 1
        awaited = (ticketCount, words)
        actions.append(
            .synthesize(ticket: ticketCount, text: first, voice: settings.voiceID ?? setup.persona.voice))
    }

    private mutating func utter(_ text: String, _ sound: Speech, quick: Bool) {
        let words = announce(text, quick: quick)
        begin(words, sound.resampled(to: setup.scenario.audio.rate))
    }

    private mutating func announce(_ text: String, quick: Bool) -> Words {
        segmentCount += 1
        let id = random.uuid()
        let scores = EmotionModel.scores(seed: setup.seed, words: text)
        turn?.hasSpoken = true
        send(
            .assistantMessage(
                AssistantMessage(
                    text, id: id, fromText: turn?.isFromText ?? false, isQuickResponse: quick, language: "en")))
        log("AGENT", "AGENT_MESSAGE", text, key: id)
        return Words(id: id, text: text, scores: scores)
    }

    mutating func begin(_ speech: Speech, ticket: Int) {
        guard let awaited, awaited.ticket == ticket else { return }
        self.awaited = nil
        begin(awaited.words, speech)
    }

    private mutating func begin(_ words: Words, _ speech: Speech) {
        send(.assistantProsody(AssistantProsody(id: words.id, models: Inference(prosody: words.scores))))
        log("AGENT", "ASSISTANT_PROSODY", scores: words.scores, related: words.id)
        guard !speech.samples.isEmpty else { return }
        segment = Segment(id: words.id, speech: speech)
        nextPiece = max(nextPiece, now)
    }

    mutating func sendPiece(isHeard: Bool) {
        guard var segment else { return }
        let audio = setup.scenario.audio
        let count = max(1, segment.speech.rate * audio.pieceMilliseconds / 1_000)
        let end = min(segment.speech.samples.count, segment.position + count)
        let samples = Array(segment.speech.samples[segment.position..<end])
        let piece = WAVPiece(sampleRate: segment.speech.rate, samples: samples)
        send(.audioOutput(AudioOutput(id: segment.id, index: segment.index, data: audio.header.file(piece))))
        if isHeard {
            let length: Moment = .seconds(1) * samples.count / segment.speech.rate
            let start = max(playedUntil, now)
            actions.append(
                .spoke(
                    samples, rate: segment.speech.rate,
                    milliseconds: ear.milliseconds + (start - now).inMilliseconds))
            playedUntil = start + length
            if turn?.isReply == true { activeUntil = playedUntil }
            nextPiece = max(nextPiece, now) + length / audio.pace
        }
        segment.position = end
        segment.index += 1
        self.segment = end < segment.speech.samples.count ? segment : nil
    }
}

extension Scenario.Audio.Header {
    /// A piece as a whole file with this kind of header.
    func file(_ piece: WAVPiece) -> [UInt8] {
        var bytes = piece.encoded()
        switch self {
        case .plain: break
        case .chunks:
            // An odd length with its pad byte, to catch readers that skip 44 bytes.
            bytes.insert(contentsOf: Array("LIST".utf8) + [5, 0, 0, 0] + Array("INFO ".utf8) + [0], at: 36)
            let size = UInt32(bytes.count - 8)
            for place in 0..<4 { bytes[4 + place] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(place))) }
        case .streamed:
            for place in [4, 5, 6, 7, 40, 41, 42, 43] { bytes[place] = 0xFF }
        }
        return bytes
    }
}
