internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// Every chat that was held, in memory: what REST tells of chats and chat groups.
///
/// - Thread: any.
final class ChatBook: Sendable {
    private struct State {
        /// Oldest first.
        var chats: [ChatRecordKeeper] = []
        var audioBytes = 0
    }

    /// Older chats that are over are forgotten.
    private static let chatLimit = 10_000
    private let audioLimit: Int
    private let state = Locked(State())

    /// - Parameter audioLimit: bytes of sound to keep of all chats; 0: none.
    init(audioLimit: Int) { self.audioLimit = audioLimit }

    var keepsAudio: Bool { audioLimit > 0 }

    /// Oldest first.
    var chats: [ChatRecordKeeper] { state.withLock { $0.chats } }

    func chat(_ id: String) -> ChatRecordKeeper? { state.withLock { $0.chats.last { $0.id == id } } }

    func group(_ id: String) -> [ChatRecordKeeper] { chats.filter { $0.groupID == id } }

    func add(_ chat: ChatRecordKeeper) {
        state.withLock { state in
            state.chats.append(chat)
            if state.chats.count > Self.chatLimit, let old = state.chats.firstIndex(where: { !$0.facts.isActive }) {
                state.audioBytes -= state.chats.remove(at: old).forgetAudio()
            }
        }
    }

    /// Whether there is room for so much more sound; that of the oldest chats makes way.
    func makeRoom(_ bytes: Int, for chat: ChatRecordKeeper) -> Bool {
        state.withLock { state in
            for old in state.chats where state.audioBytes + bytes > audioLimit && old !== chat && !old.facts.isActive {
                state.audioBytes -= old.forgetAudio()
            }
            guard state.audioBytes + bytes <= audioLimit else { return false }
            state.audioBytes += bytes
            return true
        }
    }
}

/// What is kept of one chat.
///
/// - Thread: any.
final class ChatRecordKeeper: Sendable {
    /// A line of the history, as REST gives it.
    struct Event: Sendable {
        var id: String
        var entry: LogEntry
        var unixMilliseconds: Int
        var relatedID: String?
        /// In the order of their names: a tenth of what names and numbers together take.
        var scores: [Double]?
    }

    struct Facts: Sendable {
        var status = "ACTIVE"
        var end: Int?
        var eventCount = 0
        var hasAudio = false
        var isActive: Bool { status == "ACTIVE" }
    }

    private struct State {
        var facts = Facts()
        var events: [Event] = []
        var ids: [String: String] = [:]
        var recording = Recording()
        var isFull = false
        var random: SeededRandom
        var lastTime = 0
        weak var runner: ChatRunner?
    }

    private static let eventLimit = 100_000
    let id: String
    let groupID: String
    let config: (id: String, version: Int?)?
    let start: Int
    let allowsConnection: Bool
    private weak let book: ChatBook?
    private let state: Locked<State>

    init(_ setup: ChatSetup, allowsConnection: Bool, book: ChatBook) {
        id = setup.chatID
        groupID = setup.groupID
        config = setup.persona.configID.map { ($0, setup.persona.configVersion) }
        start = setup.unixMilliseconds
        self.allowsConnection = allowsConnection
        self.book = book
        state = Locked(State(random: SeededRandom(seed: setup.seed, "events"), lastTime: setup.unixMilliseconds))
    }

    var facts: Facts { state.withLock { $0.facts } }
    var events: [Event] { state.withLock { $0.events } }

    /// Who drives it, while it lives.
    var runner: ChatRunner? {
        get { state.withLock { $0.runner } }
        set { state.withLock { $0.runner = newValue } }
    }

    func log(_ entry: LogEntry, at time: Int) {
        state.withLock { state in
            guard state.events.count < Self.eventLimit else { return }
            var entry = entry
            entry.text = entry.text?.clipped(to: 1 << 16)
            let id = state.random.uuid()
            if let key = entry.key { state.ids[key] = id }
            let related = entry.relatedKey.flatMap { state.ids[$0] }
            state.lastTime = max(time, state.lastTime)
            let scores = entry.scores?.members.compactMap(\.value.double)
            entry.scores = nil
            state.events.append(
                Event(
                    id: id, entry: entry, unixMilliseconds: state.lastTime, relatedID: related, scores: scores))
            state.facts.eventCount += 1
        }
    }

    func end(status: String) {
        state.withLock { state in
            guard state.facts.isActive else { return }
            if !state.events.contains(where: { $0.entry.type == "CHAT_END_MESSAGE" }) {
                let entry = LogEntry(role: "SYSTEM", type: "CHAT_END_MESSAGE")
                let id = state.random.uuid()
                state.events.append(Event(id: id, entry: entry, unixMilliseconds: state.lastTime))
                state.facts.eventCount += 1
            }
            state.facts.status = status
            state.facts.end = state.lastTime
        }
    }

    func record(_ change: (inout Recording) -> Void) {
        guard let book, book.keepsAudio else { return }
        let grown = state.withLock { state in
            if state.isFull { return 0 }
            let before = state.recording.bytes
            change(&state.recording)
            state.facts.hasAudio = !state.recording.isEmpty
            return state.recording.bytes - before
        }
        if grown != 0, !book.makeRoom(grown, for: self) { state.withLock { $0.isFull = true } }
    }

    /// The WAV file of the chat; nil: there is none (any more).
    var audio: [UInt8]? {
        let recording = state.withLock { $0.facts.hasAudio ? $0.recording : nil }
        return recording?.file()
    }

    /// - Returns: how many bytes that freed.
    func forgetAudio() -> Int {
        state.withLock { state in
            let bytes = state.recording.bytes
            state.recording = Recording()
            state.facts.hasAudio = false
            state.isFull = true
            return bytes
        }
    }
}
