internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxEVI

/// `syrinx evi chat-groups`
struct ChatGroupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat-groups", abstract: "Chat groups: chats that continue each other.",
        discussion: """
            Examples:
              syrinx evi chat-groups list
              syrinx evi chat-groups export 369846cf-6ad5-404d-905e-a8acb5cdfc78 --output talk.txt --audio recordings
            """,
        subcommands: [ChatGroupsList.self, ChatGroupsShow.self, ChatGroupsExport.self])
}

/// `syrinx evi chat-groups list`
struct ChatGroupsList: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the chat groups, the newest first.",
        discussion: """
            Example:
              syrinx evi chat-groups list --limit 20
            """)

    @OptionGroup var filter: ChatFilter
    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let (requests, filter) = (evi.rest.requests, filter)
        let groups = try await evi.rest.all(
            "chat_groups_page", limit: filter.limit ?? .max, of: ChatGroup.init(reading:)
        ) {
            requests.chatGroups(page: $0, configID: filter.config, order: filter.order)
        }
        if format.json { return try evi.console.print(EVIOutput.json(.list(groups.map(\.value)))) }
        if groups.isEmpty { return evi.console.say("no chat groups") }
        var table = Table()
        table.add("first start", "last start", "chats", "active", "id")
        for group in groups {
            table.add(
                group.firstStart?.text ?? "?", group.lastStart?.text ?? "?", group.chatCount.map(String.init) ?? "",
                group.isActive.map { $0 ? "yes" : "no" } ?? "", Shown.plain(group.id))
        }
        try evi.console.print(table.text(indent: 0))
    }
}

/// `syrinx evi chat-groups show`
struct ChatGroupsShow: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a chat group and its chats.",
        discussion: """
            Example:
              syrinx evi chat-groups show 369846cf-6ad5-404d-905e-a8acb5cdfc78
            """)

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let (requests, id) = (evi.rest.requests, id)
        let listing = try await evi.rest.listing("chats_page") { requests.chatGroup(id, page: $0, order: .ascending) }
        if format.json {
            let members = [Value.Member("chat_group", listing.head), .init("chats", .list(listing.items))]
            return try evi.console.print(EVIOutput.json(.object(members)))
        }
        let chats = try evi.rest.items(of: listing, requests.chatGroup(id), ChatRecord.init(reading:))
        try evi.console.print(EVIOutput.facts(listing.head) + "\n" + ChatsList.table(chats))
    }
}

/// `syrinx evi chat-groups export`
struct ChatGroupsExport: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes what was said in all chats of a group as text, JSON, SRT or WebVTT; and their audio.",
        discussion: """
            Times count from the beginning of the group. The audio is a file for each chat: FOLDER/01-ID.mp3 and so on (what it ends in is the server's word).

            Example:
              syrinx evi chat-groups export 369846cf-6ad5-404d-905e-a8acb5cdfc78 --output talk.srt --audio recordings
            """)

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @OptionGroup var export: ExportOptions

    @Option(
        help: ArgumentHelp("Fetches the audio of each chat, an MP3, into this folder.", valueName: "folder"),
        completion: .directory)
    var audio: String?

    func validate() throws {
        if audio == "-" || audio == "" { throw ValidationError("--audio: expected a folder's name") }
    }

    func run(_ evi: EVIAccess) async throws {
        let (requests, id) = (evi.rest.requests, id)
        let listing = try await evi.rest.listing("events_page") { requests.chatGroupEvents(id, page: $0) }
        let events = try evi.rest.items(of: listing, requests.chatGroupEvents(id), ChatEvent.init(reading:))
        try export.write({ $0.encoded("chat_group", listing.head, events, start: nil) }, evi.console)
        if let audio { try await fetch(into: audio, evi) }
    }

    /// What a server says, as part of a file's name: letters, digits, `-` and `_`, and no more.
    private static func word(_ text: some StringProtocol, _ limit: Int) -> String {
        String(text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.prefix(limit))
    }

    /// Fetches what there is; the first failure is thrown when all was tried.
    private func fetch(into folder: String, _ evi: EVIAccess) async throws {
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            let words = String(cString: strerror(errno))
            let place = Shown.plain(folder, limit: 200)
            throw PipelineError(.cannotCreate, at: place, "cannot create the folder", cause: words)
        }
        evi.sayAudioTakesAWhile()
        let all = try await evi.rest.chatGroupAudio(id, patience: export.patience)
        var failure: PipelineError?
        for (place, audio) in all.enumerated() {
            let ending = audio.fileName?.split(separator: ".").dropFirst().last.map { Self.word($0, 5) } ?? ""
            let number = place < 9 ? "0\(place + 1)" : "\(place + 1)"
            let path = "\(folder)/\(number)-\(Self.word(audio.id, 64)).\(ending.isEmpty ? "mp3" : ending)"
            do {
                try await evi.fetch(audio, to: path)
            } catch let error as PipelineError {
                if failure != nil { evi.console.say("syrinx: \(error.description)") }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}
