/// What the user of a session wants, and what the microphone says.
extension Session {
    mutating func take(_ command: SessionCommand) {
        switch command {
        case .say(let text):
            post(.userInput(text))
            wake()
        case .speak(let text):
            post(.assistantInput(text))
            wake()
        case .pause:
            guard !isPaused else { return }
            isPaused = true
            if phase == .live { send(.pauseAssistant()) }
            if options.dropsPlaybackOnPause, !playback.isEmpty { interrupt(.pause) }
            emit(.paused(true))
        case .resume:
            guard isPaused else { return }
            isPaused = false
            if phase == .live { send(.resumeAssistant()) }
            emit(.paused(false))
        case .mute(let isMuted):
            guard isMuted != self.isMuted else { return }
            self.isMuted = isMuted
            emit(.muted(isMuted))
        case .settings(var change):
            change.audio = nil  // the format is ours, and a chat keeps it
            if let key = change.languageModelKey { hide(key) }
            settings.merge(change)
            desk.learn(change.tools ?? [])
            if phase != .live {
                lateSettings.merge(change)
            } else if !change.isEmpty {
                send(.sessionSettings(change))
            }
            if settings.context == .remove { settings.context = nil }
        case .toolResponse(let id, let content): run(desk.answer(id, content))
        case .toolError(let id, let error, let content): run(desk.fail(id, error: error, content: content))
        }
    }

    mutating func take(_ samples: [Int16]) {
        if isAsleep {
            if let wakeMagnitude, Loudness.peak(samples) >= wakeMagnitude { wake() }
            return
        }
        if isEnded { return }
        if !hasDetector, Loudness.peak(samples) >= Self.quietMagnitude { lastUserSound = now }
        microphone.isSilenced = isSilenced
        microphone.add(samples, at: now)
    }
}
