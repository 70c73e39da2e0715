internal import SyrinxCore
internal import SyrinxEVI

/// Settings, and what happens by the clock alone.
extension Conversation {
    /// Takes over settings, from the query or a message, and echoes them.
    mutating func apply(_ change: SessionSettings) {
        var change = change
        if let audio = change.audio {
            guard audio.encoding == "linear16", Self.rates.contains(audio.sampleRate), (1...2).contains(audio.channels)
            else {
                return fail(
                    "E0101",
                    "session_settings.audio: found \(Shown.plain(audio.encoding)), \(audio.sampleRate) Hz, \(audio.channels) "
                        + "channels; expected linear16, 8000…96000 Hz, 1 or 2 channels")
            }
            ear.announce(audio)
        }
        // The server keeps variables as strings, spelled as they came.
        change.variables = change.variables?.map { member in
            switch member.value {
            case .string, .null: member
            default: Value.Member(member.name, .string(member.value.json()))
            }
        }
        settings.merge(change)
        if change.context == .remove { settings.context = nil }
        if let prompt = change.systemPrompt { log("SYSTEM", "SYSTEM_PROMPT", fill(prompt)) }
        var shown = change
        // A key of somebody's language model is not shown to others on this chat.
        shown.languageModelKey = nil
        log("SYSTEM", "SESSION_SETTINGS", metadata: shown.value)
        if setup.scenario.echoesSettings, hasMetadata { send(.sessionSettings(shown)) }
    }

    private var inactivity: Moment? {
        setup.scenario.inactivitySeconds.map { .seconds($0) } ?? setup.persona.inactivity
    }

    private var maxDuration: Moment {
        setup.scenario.maxDurationSeconds.map { .seconds($0) } ?? setup.persona.maxDuration
    }

    /// The user's last sign of life, or the end of the answer to it.
    private var lastSign: Moment { max(lastUser, activeUntil) }

    private var inactivityEnd: Moment? {
        guard let inactivity, !hasSaidFarewell else { return nil }
        if let warnedAt { return warnedAt + Self.grace }
        return lastSign + inactivity
    }

    private var nextNudge: Moment? {
        guard turn == nil, !isPaused, !hasSaidFarewell else { return nil }
        return setup.persona.nudgeInterval.map { max(lastSign, playedUntil, nudgeAt ?? .zero) + $0 }
    }

    /// After the last words there is little time to say them.
    private var durationEnd: Moment { hasSaidFarewell ? maxDuration + Self.grace : maxDuration }

    private var nextTimed: Moment? {
        let timed = setup.script.at
        return timedPlace < timed.count ? .seconds(timed[timedPlace].seconds) : nil
    }

    /// The next thing that happens by the clock.
    var nextTimer: Moment? {
        guard hasMetadata else {
            return [
                setup.script.sendsMetadata ? .milliseconds(setup.script.metadataMilliseconds) : nil, nextTimed,
            ].compactMap { $0 }.min()
        }
        return [durationEnd, inactivityEnd, nextNudge, nextTimed].compactMap { $0 }.min()
    }

    mutating func runTimers() {
        while !isOver, let moment = nextTimed, moment <= now {
            let steps = setup.script.at[timedPlace].steps
            timedPlace += 1
            run(steps)
        }
        guard !isOver else { return }
        if !hasMetadata {
            if setup.script.sendsMetadata, .milliseconds(setup.script.metadataMilliseconds) <= now { welcome() }
            return
        }
        if durationEnd <= now { return endByDuration() }
        if let end = inactivityEnd, end <= now { return endByInactivity() }
        if let nudge = nextNudge, nudge <= now {
            nudgeAt = now
            start(Turn(steps: [.say("Are you still there?", quick: false)]))
        }
    }

    /// What is at once is done at once; the rest waits for its turn.
    private mutating func run(_ steps: [Scenario.Step]) {
        var rest = steps[...]
        while let step = rest.first, step.isInstant, !isOver {
            if step == .interrupt { interrupt() } else { perform(step) }
            rest = rest.dropFirst()
        }
        if !rest.isEmpty, !isOver { enqueue(Turn(steps: Array(rest))) }
    }

    private mutating func endByInactivity() {
        if let text = setup.persona.inactivityText, warnedAt == nil {
            warnedAt = now
            return start(Turn(steps: [.say(text.isEmpty ? "Are you still there?" : text, quick: false)]))
        }
        let seconds = Value.number(inactivity?.inSeconds ?? 0).json()
        end("E0714", "No user message was received within \(seconds) seconds.")
    }

    private mutating func endByDuration() {
        let (code, words) = ("E0715", "The chat has reached its greatest length.")
        guard let text = setup.persona.maxDurationText, !isPaused, !hasSaidFarewell else { return end(code, words) }
        hasSaidFarewell = true
        start(
            Turn(steps: [
                .say(text.isEmpty ? "Our time is up. Goodbye." : text, quick: false),
                .error(code: code, slug: ErrorCodes.slug(code), message: words),
                .close(code: 1000, reason: ErrorCodes.slug(code)),
            ]))
    }
}
