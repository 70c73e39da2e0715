internal import ArgumentParser
internal import SyrinxCore
internal import SyrinxEVI

/// `syrinx evi voices`
struct VoicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voices", abstract: "Voices: Hume's own, and those that you had made.",
        discussion: """
            A voice cannot be changed; make another one.

            Examples:
              syrinx evi voices list --provider custom
              syrinx evi voices show "Ava Song"
            """,
        subcommands: [VoicesList.self, VoicesShow.self, VoicesCreate.self, VoicesDelete.self])
}

/// Whose voices.
enum VoiceProvider: String, ExpressibleByArgument, CaseIterable {
    case custom, hume

    var wire: String { self == .hume ? "HUME_AI" : "CUSTOM_VOICE" }
}

extension EVIAccess {
    /// Your own first.
    func voices(_ provider: VoiceProvider?, tags: [String] = []) async throws(PipelineError) -> [Voice] {
        var voices: [Voice] = []
        for provider in provider.map({ [$0] }) ?? VoiceProvider.allCases {
            voices += try await rest.voices(provider: provider.wire, tags: tags)
        }
        return voices
    }
}

/// `syrinx evi voices list`
struct VoicesList: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the voices, your own first.",
        discussion: """
            Example:
              syrinx evi voices list --provider hume --tag LANGUAGE:English
            """)

    @Option(help: "Whose voices; left out: yours and Hume's.")
    var provider: VoiceProvider?

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp("Only those with this tag; may be given again.", valueName: "tag:value"))
    var tags: [String] = []

    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let voices = try await evi.voices(provider, tags: tags)
        if format.json { return try evi.console.print(EVIOutput.json(.list(voices.map(\.value)))) }
        if voices.isEmpty { return evi.console.say("no voices") }
        var table = Table()
        table.add("name", "id", "provider")
        for voice in voices { table.add(Shown.plain(voice.name), Shown.plain(voice.id), Shown.plain(voice.provider)) }
        try evi.console.print(table.text(indent: 0))
    }
}

/// `syrinx evi voices show`
struct VoicesShow: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a voice, by its name or id.",
        discussion: """
            Example:
              syrinx evi voices show "Ava Song" --json
            """)

    @Argument(help: "Its name or id.")
    var voice: String

    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let voices = try await evi.voices(nil)
        let found = voices.filter { $0.id == voice || $0.name == voice }
        if found.isEmpty {
            let hint = NearestName.suggestion(voice, among: voices.map(\.name))
            throw PipelineError(.missingInput, at: "voices", "found no voice \(Shown.quoted(voice))\(hint)")
        }
        if format.json {
            let value = found.count == 1 ? found[0].value : .list(found.map(\.value))
            return try evi.console.print(EVIOutput.json(value))
        }
        try evi.console.print(found.map { EVIOutput.facts($0.value) }.joined(separator: "\n"))
    }
}

/// `syrinx evi voices create`
struct VoicesCreate: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Keeps the voice of a generation of speech, under a name.",
        discussion: """
            The file holds generation_id, which a request for speech has returned, and name.

            Example:
              echo '{"generation_id": "795c949a-1510-4a80-9646-7d0863b023ab", "name": "host"}' | syrinx evi voices create -
            """)

    @OptionGroup var body: JSONBody
    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let value = try body.value(evi.console)
        let (generation, name) = try JSONBody.placing(body.file) { () throws(PipelineError) in try Self.members(value) }
        let request = evi.rest.requests.createVoice(generationID: generation, name: name)
        let reply = try await evi.rest.value(request)
        if format.json { return try evi.console.print(EVIOutput.json(reply)) }
        try evi.console.print("created voice \(Shown.quoted(name)): id \(Shown.plain(reply["id"]?.string ?? "?"))\n")
    }

    private static func members(_ value: Value) throws(PipelineError) -> (generation: String, name: String) {
        guard case .object(let members) = value else {
            throw PipelineError(.invalidParameter, at: "voices", "found no object, expected one with members")
        }
        for member in members where !["generation_id", "name"].contains(member.name) {
            throw PipelineError(
                .invalidParameter, at: "voices\(Shown.step(member.name))",
                "no such member here: expected generation_id and name")
        }
        func text(_ name: String) throws(PipelineError) -> String {
            guard let text = value[name]?.string, !text.isEmpty else {
                throw PipelineError(.invalidParameter, at: "voices.\(name)", "expected a text that is not empty")
            }
            return text
        }
        return (try text("generation_id"), try text("name"))
    }
}

/// `syrinx evi voices delete`
struct VoicesDelete: EVIRESTCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes a voice of your own for good, by its name.",
        discussion: """
            It asks first; where there is no terminal to ask on, --yes is the answer.

            Example:
              syrinx evi voices delete host --yes
            """)

    @Argument(help: "Its name.")
    var name: String

    @Flag(name: .shortAndLong, help: "Deletes without asking.")
    var yes = false

    func validate() throws {
        if name.isEmpty { throw ValidationError("expected a voice's name, found an empty one") }
    }

    func run(_ evi: EVIAccess) async throws {
        try await EVIConfirmation.ask(yes, evi.console) { "Delete voice \(Shown.quoted(name)) for good?" }
        _ = try await evi.rest.send(evi.rest.requests.deleteVoice(name: name))
        try evi.console.print("deleted voice \(Shown.quoted(name))\n")
    }
}
