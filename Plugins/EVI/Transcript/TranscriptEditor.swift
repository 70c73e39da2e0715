internal import SyrinxCore

/// Something that was said, with its time on the pipeline's clock.
struct TranscriptCue: Sendable, Hashable {
    enum Speaker: String, Sendable, Hashable { case user, assistant }

    enum State: Sendable, Hashable {
        /// Said to its end.
        case whole
        /// Cut off.
        case interrupted
        /// It came as text, and nothing of it was heard.
        case unheard

        /// What a reader sees of it, behind the words.
        var mark: String {
            switch self {
            case .whole: ""
            case .interrupted: " [interrupted]"
            case .unheard: " [not heard]"
            }
        }
    }

    let speaker: Speaker
    /// The id of the session's node.
    let node: String
    /// The id of the audio that speaks it.
    let id: String?
    let text: String
    /// Seconds since the run's start.
    var begin: Double
    var end: Double
    var state = State.whole
}

/// Makes cues of a session's events: the user's when they are final, EVI's when they were heard to their end or cut off.
///
/// Cues leave in the order in which their words came. Several sessions may be mixed; each has a clock of its own.
///
/// - Units: seconds on the pipeline's clock. The user's times are EVI's, counted from the first audio of the chat.
struct TranscriptEditor: Sendable {
    private struct Entry {
        var cue: TranscriptCue
        var isSounding = false
        var isDone = false
    }

    /// How long a line without audio stands, for each of its characters: 15 a second, as subtitles are read.
    private static let secondsPerCharacter = 1.0 / 15
    /// Lines that may wait for their end; the oldest then counts as said.
    private static let limit = 256

    private var entries: [Entry] = []
    /// When the chat of a node began.
    private var chatBegan: [String: Double] = [:]

    /// Takes an event in.
    ///
    /// - Returns: cues that are complete, in order.
    mutating func take(_ event: PipelineEvent) -> [TranscriptCue] {
        switch event.event {
        case "connected", "reconnected", "rolled_over": chatBegan[event.node] = event.time
        case "user_message": addUser(event)
        case "assistant_message": addAssistant(event)
        case "playback_began": begin(event)
        case "playback_finished": end(event, .whole)
        case "interruption": interrupt(event)
        case "closed": end(event, .interrupted)
        default: break
        }
        if entries.count > Self.limit { entries[0].isDone = true }
        return popDone()
    }

    /// No more will come: what waits is as complete as it gets.
    mutating func finish(at time: Double) -> [TranscriptCue] {
        for place in entries.indices where !entries[place].isDone { close(place, at: time, .interrupted) }
        return popDone()
    }

    private mutating func addUser(_ event: PipelineEvent) {
        guard let text = text(of: event) else { return }
        var (begin, end) = (event.time, event.time + Self.reading(text))
        if let base = chatBegan[event.node], let first = event.field("begin_ms")?.double,
            let last = event.field("end_ms")?.double, last > first
        {
            begin = max(0, min(base + first / 1000, event.time))
            end = max(begin, min(base + last / 1000, event.time))
        }
        let cue = TranscriptCue(speaker: .user, node: event.node, id: nil, text: text, begin: begin, end: end)
        entries.append(Entry(cue: cue, isDone: true))
    }

    private mutating func addAssistant(_ event: PipelineEvent) {
        guard let text = text(of: event) else { return }
        let id = event.field("id")?.string
        let cue = TranscriptCue(
            speaker: .assistant, node: event.node, id: id, text: text, begin: event.time,
            end: event.time + Self.reading(text))
        entries.append(Entry(cue: cue, isDone: id == nil))
    }

    private mutating func begin(_ event: PipelineEvent) {
        let id = event.field("id")?.string
        for place in entries.indices where isOpen(place, event.node) {
            if entries[place].cue.id == id {
                // Lines that share an id are spoken one after the other; only their common time is known.
                entries[place].cue.begin = event.time
                entries[place].isSounding = true
            } else if entries[place].isSounding {
                close(place, at: event.time, .whole)
            }
        }
    }

    private mutating func end(_ event: PipelineEvent, _ state: TranscriptCue.State) {
        for place in entries.indices where isOpen(place, event.node) { close(place, at: event.time, state) }
    }

    private mutating func interrupt(_ event: PipelineEvent) {
        let dropped = Set(event.field("dropped")?.list?.compactMap(\.string) ?? [])
        for place in entries.indices where isOpen(place, event.node) {
            if let id = entries[place].cue.id, dropped.contains(id) { close(place, at: event.time, .interrupted) }
        }
    }

    private mutating func close(_ place: Int, at time: Double, _ state: TranscriptCue.State) {
        entries[place].isDone = true
        if entries[place].isSounding {
            entries[place].cue.end = max(time, entries[place].cue.begin)
            entries[place].cue.state = state
        } else {
            entries[place].cue.state = .unheard
        }
    }

    private func isOpen(_ place: Int, _ node: String) -> Bool {
        !entries[place].isDone && entries[place].cue.node == node
    }

    private mutating func popDone() -> [TranscriptCue] {
        let count = entries.prefix(while: \.isDone).count
        defer { entries.removeFirst(count) }
        return entries[..<count].map(\.cue)
    }

    private func text(of event: PipelineEvent) -> String? {
        guard let text = event.field("text")?.string, !text.isEmpty else { return nil }
        return text
    }

    private static func reading(_ text: String) -> Double { max(1, Double(text.count) * secondsPerCharacter) }
}

extension PipelineEvent {
    /// The field of a name.
    func field(_ name: String) -> Value? { fields.first { $0.name == name }?.value }
}
