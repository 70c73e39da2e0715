internal import ArgumentParser
internal import SyrinxCore
internal import SyrinxEVI

/// `syrinx evi chats`
struct ChatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chats", abstract: "Chats: what was said, as the server remembers it.",
        discussion: """
            A chat is one connection; what was cut and resumed is several of them in one group (syrinx evi chat-groups).

            Examples:
              syrinx evi chats list --limit 20
              syrinx evi chats export 470a49f6-1dec-4afe-8b61-035d3b2d63b0 --output talk.srt --audio talk.mp3
            """,
        subcommands: [ChatsList.self, ChatsShow.self, ChatsExport.self])
}

/// What the lists of chats and of groups have in common.
struct ChatFilter: ParsableArguments {
    @Option(help: "Only those with this config, by its id.")
    var config: String?

    @Option(help: "At most so many.")
    var limit: Int?

    @Flag(help: "Lists the oldest first.")
    var oldestFirst = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: expected 1 or more") }
    }

    var order: RESTRequests.Order { oldestFirst ? .ascending : .descending }
}

/// `syrinx evi chats list`
struct ChatsList: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the chats, the newest first.",
        discussion: """
            Example:
              syrinx evi chats list --status ERROR --json
            """)

    @OptionGroup var filter: ChatFilter

    @Option(
        help: """
            Only those with this status: ACTIVE, USER_ENDED, USER_TIMEOUT, INACTIVITY_TIMEOUT, MAX_DURATION_TIMEOUT or ERROR.
            """)
    var status: String?

    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let (requests, filter, status) = (evi.rest.requests, filter, status?.uppercased())
        let chats = try await evi.rest.all("chats_page", limit: filter.limit ?? .max, of: ChatRecord.init(reading:)) {
            requests.chats(page: $0, configID: filter.config, status: status, order: filter.order)
        }
        if format.json { return try evi.console.print(EVIOutput.json(.list(chats.map(\.value)))) }
        if chats.isEmpty { return evi.console.say("no chats") }
        try evi.console.print(Self.table(chats))
    }

    static func table(_ chats: [ChatRecord]) -> String {
        var table = Table()
        table.add("start", "length", "status", "events", "id", "group")
        for chat in chats {
            table.add(
                chat.start?.text ?? "?", length(chat), Shown.plain(chat.status), chat.eventCount.map(String.init) ?? "",
                Shown.plain(chat.id), Shown.plain(chat.groupID ?? ""))
        }
        return table.text(indent: 0)
    }

    private static func length(_ chat: ChatRecord) -> String {
        guard let start = chat.start?.milliseconds, let end = chat.end?.milliseconds else { return "" }
        let (span, overflows) = end.subtractingReportingOverflow(start)
        return overflows || span < 0 ? "?" : Figures.clock(Double(span) / 1000)
    }
}

/// `syrinx evi chats show`
struct ChatsShow: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a chat and everything that happened in it.",
        discussion: """
            Example:
              syrinx evi chats show 470a49f6-1dec-4afe-8b61-035d3b2d63b0
            """)

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let (chat, events) = try await evi.chat(id)
        if format.json {
            return try evi.console.print(ExportFormat.json.encoded("chat", chat.value, events, start: chat.start))
        }
        try evi.console.print(EVIOutput.facts(chat.value) + "\n" + Self.table(events))
    }

    private static func table(_ events: [ChatEvent]) -> String {
        var table = Table()
        table.add("time", "role", "type", "text")
        for event in events {
            table.add(
                event.time?.text ?? "?", Shown.plain(event.role), Shown.plain(event.type),
                EVIOutput.plain(event.text ?? "", limit: 100))
        }
        return table.text(indent: 0)
    }
}

/// `syrinx evi chats export`
struct ChatsExport: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes what was said in a chat as text, JSON, SRT or WebVTT; and its audio.",
        discussion: """
            The server puts the audio together when it is first asked for, which takes a while.

            Examples:
              syrinx evi chats export 470a49f6-1dec-4afe-8b61-035d3b2d63b0
              syrinx evi chats export 470a49f6-1dec-4afe-8b61-035d3b2d63b0 --output talk.vtt --audio talk.mp3
            """)

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @OptionGroup var export: ExportOptions

    @Option(
        help: ArgumentHelp("Fetches the audio of both sides, an MP3, into this file.", valueName: "file"),
        completion: .file(extensions: ["mp3"]))
    var audio: String?

    func validate() throws {
        if audio == "-" || audio == "" { throw ValidationError("--audio: expected a file's name") }
        if let audio, audio == export.output { throw ValidationError("--output and --audio name the same file") }
    }

    func run(_ evi: EVIAccess) async throws {
        let (chat, events) = try await evi.chat(id)
        try export.write({ $0.encoded("chat", chat.value, events, start: chat.start) }, evi.console)
        guard let audio else { return }
        evi.sayAudioTakesAWhile()
        try await evi.fetch(try await evi.rest.chatAudio(id, patience: export.patience), to: audio)
    }
}

extension EVIAccess {
    /// A chat and all that happened in it, the oldest first.
    func chat(_ id: String) async throws(PipelineError) -> (ChatRecord, [ChatEvent]) {
        let requests = rest.requests
        let listing = try await rest.listing("events_page") { requests.chat(id, page: $0) }
        let request = requests.chat(id)
        let chat = try rest.read(request) { () throws(WireFault) in try ChatRecord(reading: listing.head) }
        return (chat, try rest.items(of: listing, request, ChatEvent.init(reading:)))
    }
}
