internal import SyrinxCore
internal import SyrinxEVI

/// Times of a conversation, from what happens in it.
struct EVIFigures: Sendable {
    /// Some spans of time, in ms.
    struct Spans: Sendable {
        private(set) var count = 0
        private(set) var last = 0.0
        private(set) var longest = 0.0
        private var sum = 0.0

        mutating func add(_ milliseconds: Double) {
            count += 1
            last = milliseconds
            longest = max(longest, milliseconds)
            sum += milliseconds
        }

        var value: Value {
            if count == 0 { return .null }
            return .object([
                .init("count", .integer(count)), .init("mean", .number((sum / Double(count) * 10).rounded() / 10)),
                .init("max", .number((longest * 10).rounded() / 10)),
            ])
        }
    }

    /// From the handshake's begin to `chat_metadata`.
    private(set) var connect = Spans()
    /// From the user's final transcript to the first speech that answers it.
    private(set) var answer = Spans()
    /// From the same to the first sample of it that was played.
    private(set) var firstSound = Spans()
    private(set) var interruptions = 0
    private(set) var toolCalls = 0
    private(set) var warnings = 0
    private(set) var errors = 0
    private(set) var longestFill = 0.0
    private var asked: (answer: ContinuousClock.Instant?, sound: ContinuousClock.Instant?)

    mutating func take(_ event: SessionEvent, at now: ContinuousClock.Instant) {
        switch event {
        case .connected(_, _, let after): connect.add(after.inSeconds * 1000)
        case .userMessage(let message) where !message.interim: asked = (now, now)
        case .playbackBegan:
            if let start = asked.sound { firstSound.add((now - start).inSeconds * 1000) }
            asked.sound = nil
        case .interruption:
            interruptions += 1
            asked = (nil, nil)
        case .toolCall: toolCalls += 1
        case .warning: warnings += 1
        case .error: errors += 1
        default: break
        }
    }

    mutating func speechCame(at now: ContinuousClock.Instant) {
        if let start = asked.answer { answer.add((now - start).inSeconds * 1000) }
        asked.answer = nil
    }

    /// - Parameter seconds: speech that is there and was not yet heard.
    mutating func note(fill seconds: Double) { longestFill = max(longestFill, seconds) }

    /// The report's members.
    func members(_ status: SessionStatus, dropped: Int, dry: Int, sendRate: Int) -> [(name: String, value: Value)] {
        func milliseconds(_ samples: Int) -> Value {
            .number((Double(samples) / Double(sendRate) * 10_000).rounded() / 10)
        }
        let (session, microphone, playback) = (status.figures, status.microphoneFigures, status.playbackFigures)
        return [
            ("chats", .integer(session.chats)), ("reconnects", .integer(max(0, session.losses))),
            ("rollovers", .integer(session.rollOvers)), ("attempts", .integer(session.attempts)),
            ("chat_s", .number(session.chatTime.inSeconds)), ("connect_ms", connect.value),
            ("answer_ms", answer.value), ("first_sound_ms", firstSound.value),
            ("round_trip_ms", status.roundTrip.map { .number(($0.inSeconds * 10_000).rounded() / 10) } ?? .null),
            ("interruptions", .integer(interruptions)), ("tool_calls", .integer(toolCalls)),
            ("errors", .integer(errors)), ("warnings", .integer(warnings)),
            ("sent_pieces", .integer(microphone.sentPieces)), ("filled_ms", milliseconds(microphone.zeroSamples)),
            ("dropped_late_ms", milliseconds(microphone.lateSamples)),
            ("dropped_outage_ms", milliseconds(microphone.outageSamples)), ("dropped_frames", .integer(dropped)),
            ("waiting_ms", milliseconds(status.waitingMicrophone)),
            ("speech_pieces", .integer(playback.pieces)), ("speech_skipped", .integer(playback.skipped)),
            ("speech_late", .integer(playback.late)), ("speech_refused", .integer(playback.refused)),
            ("speech_dry", .integer(dry)), ("speech_fill_max_s", .number((longestFill * 1000).rounded() / 1000)),
            ("dropped_texts", .integer(session.droppedTexts)), ("broken_messages", .integer(session.brokenMessages)),
        ]
    }
}
