/// What time brings about.
extension Session {
    /// A turn that is open, but of which nothing was heard for this long, is over.
    private static let turnPatience: Moment = .seconds(15)
    /// How long the user must have been silent before a roll-over.
    private static let quiet: Moment = .seconds(1)

    /// When `.tick` is wanted next; nil: not before something else happens.
    package var deadline: Moment? {
        var least: Moment?
        func consider(_ moment: Moment?) {
            if let moment { least = min(least ?? moment, moment) }
        }
        consider(desk.deadline)
        consider(playback.deadline)
        switch phase {
        case .idle, .asleep, .ended: break
        case .fetchingToken(let until), .connecting(let until), .greeting(let until), .closing(_, let until),
            .waiting(let until):
            consider(until)
        case .live:
            if isWritable { consider(microphone.deadline) }
            consider(closeExpected)
            if !isSettled { consider(settlesAt) }
            // Not the whole chat: its names would be counted.
            guard let began = chat?.began else { break }
            if chat?.isProven == false { consider(began + options.provenAfter) }
            if let budget = options.budget { consider(began + budget - spent) }
            if options.rollsOver {
                let (from, at) = rollOverAges
                consider(began + (now < began + from ? from : at))
            }
        }
        if case .greeting = phase { consider(closeExpected) }
        return least
    }

    mutating func runTimers(using random: inout some RandomNumberGenerator) {
        playback.expire(at: now)
        if playback.isReady, playback.deadline == nil, skippedBefore != playback.figures.skipped {
            skippedBefore = playback.figures.skipped
            actions.append(.play)
        }
        run(desk.expire(at: now))
        switch phase {
        case .fetchingToken(let until) where until <= now:
            retry("no token: no answer in time", using: &random)
        case .connecting(let until) where until <= now:
            actions.append(.abandon(attempt: attempt))
            retry("no answer to the handshake in time", using: &random)
        case .greeting(let until) where until <= now || (closeExpected.map { $0 <= now } ?? false):
            // The server does not speak, so its answer to a close is not waited for.
            actions.append(.close(attempt: attempt, code: 1000, reason: ""))
            actions.append(.abandon(attempt: attempt))
            if lastError == nil {
                retry("no chat_metadata in time", using: &random)
            } else {
                decide(code: 1006, reason: "", using: &random)
            }
        case .closing(let next, let until) where until <= now:
            actions.append(.abandon(attempt: attempt))
            proceed(next, code: 1006, reason: "", using: &random)
        case .waiting(let until) where until <= now: beginAttempt()
        case .live: runChatTimers(using: &random)
        default: break
        }
    }

    private mutating func runChatTimers(using random: inout some RandomNumberGenerator) {
        guard let began = chat?.began, let isProven = chat?.isProven else { return }
        let age = now - began
        figures.chatTime = spent + age
        if !isProven, age >= options.provenAfter {
            self.chat?.isProven = true
            (failures, waits, usedInternalRetry) = (0, 0, false)
        }
        if let closeExpected, closeExpected <= now {
            self.closeExpected = nil
            return close(.decide)
        }
        if let budget = options.budget, spent + age >= budget {
            return close(.end(.budget(minutes: budget.inSeconds / 60)))
        }
        if options.rollsOver {
            let (from, at) = rollOverAges
            if age >= at || (age >= from && isQuiet) {
                emit(.rollingOver(age: age, forced: age >= at))
                return close(.rollOver)
            }
        }
        if let settlesAt { isSettled = settlesAt <= now } else { isSettled = false }
    }

    /// Nobody speaks, and nobody is about to.
    private var isQuiet: Bool {
        if isTurnOpen, now - lastSign < Self.turnPatience { return false }
        guard playback.isEmpty, !desk.isBusy, outbox.isEmpty else { return false }
        if hasDetector, detectorHears { return false }
        return now - lastUserSound >= Self.quiet
    }

    /// After the input's end: when the last answer has been heard, or none came.
    private var settlesAt: Moment? {
        guard let inputEnd, playback.isEmpty, !desk.isBusy else { return nil }
        if wasAnswered, !isTurnOpen { return max(lastQuiet, inputEnd) + options.linger }
        return max(inputEnd, lastSign, lastQuiet) + options.answerWait
    }
}
