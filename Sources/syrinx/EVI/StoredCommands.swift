internal import ArgumentParser
internal import SyrinxCore
internal import SyrinxEVI

/// A kind of thing that EVI's server keeps in versions, as its commands speak of it.
protocol StoredKind: Sendable {
    static var kind: RESTRequests.Kind { get }
    /// As in `config`.
    static var word: String { get }
    /// What it is for.
    static var summary: String { get }
    /// A body that can be written.
    static var example: String { get }
}

extension StoredKind {
    static var plural: String { kind.rawValue }
    static func name(_ item: StoredItem) -> String { "\(word) \(Shown.quoted(item.name))" }

    static func table(_ items: [StoredItem]) -> String {
        var table = Table()
        table.add("name", "id", "version", "modified", "description")
        for item in items {
            table.add(
                Shown.plain(item.name), Shown.plain(item.id), String(item.version),
                (item.modified ?? item.created)?.text ?? "", Shown.plain(item.versionDescription ?? "", limit: 80))
        }
        return table.text(indent: 0)
    }
}

/// `syrinx evi configs`, `prompts`, `tools`
struct StoredCommand<Kind: StoredKind>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Kind.plural, abstract: Kind.summary,
            discussion: """
                Examples:
                  syrinx evi \(Kind.plural) list
                  echo '\(Kind.example)' | syrinx evi \(Kind.plural) create -
                  syrinx evi \(Kind.plural) show ID --body > it.json    # edit it, then
                  syrinx evi \(Kind.plural) update ID it.json
                """,
            subcommands: [
                StoredList<Kind>.self, StoredShow<Kind>.self, StoredCreate<Kind>.self, StoredUpdate<Kind>.self,
                StoredDelete<Kind>.self,
            ])
    }
}

/// `syrinx evi configs list`
struct StoredList<Kind: StoredKind>: EVIRESTCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "Lists the \(Kind.plural), each in its newest version.",
            discussion: "Example:\n  syrinx evi \(Kind.plural) list --json")
    }

    @Option(help: "Only those of this name.")
    var name: String?

    @Flag(help: "Lists all versions.")
    var allVersions = false

    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let (requests, name, newestOnly) = (evi.rest.requests, name, !allVersions)
        let items = try await evi.rest.all(Kind.kind.list, of: StoredItem.init(reading:)) {
            requests.list(Kind.kind, page: $0, name: name, newestOnly: newestOnly)
        }
        if format.json { return try evi.console.print(EVIOutput.json(.list(items.map(\.value)))) }
        if items.isEmpty { return evi.console.say("no \(Kind.plural)") }
        try evi.console.print(Kind.table(items))
    }
}

/// `syrinx evi configs show`
struct StoredShow<Kind: StoredKind>: EVIRESTCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show", abstract: "Shows a \(Kind.word).",
            discussion: """
                With --body it comes as JSON in the shape that update takes: what is read of a \(Kind.word) and what is \
                written differ.

                Example:
                  syrinx evi \(Kind.plural) show 1b60e1a0-cc59-424a-8d2c-189d354db3f3 --body
                """)
    }

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @Argument(help: "Its version; left out: the newest.")
    var version: Int?

    @Flag(help: "Lists all its versions.")
    var versions = false

    @Flag(help: "Prints JSON in the shape that update takes.")
    var body = false

    @OptionGroup var format: EVIFormat

    func validate() throws {
        if versions, body || version != nil {
            throw ValidationError("--versions goes with neither a version nor --body")
        }
    }

    func run(_ evi: EVIAccess) async throws {
        if versions {
            let items = try await evi.rest.versions(Kind.kind, id: id)
            return try evi.console.print(
                format.json ? EVIOutput.json(.list(items.map(\.value))) : Kind.table(items))
        }
        let item = try await evi.rest.stored(Kind.kind, id: id, version: version)
        if body { return try evi.console.print(EVIOutput.json(Kind.kind.writable(item.value))) }
        try evi.console.print(format.json ? EVIOutput.json(item.value) : EVIOutput.facts(item.value))
    }
}

/// `syrinx evi configs create`
struct StoredCreate<Kind: StoredKind>: EVIRESTCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "create", abstract: "Creates a \(Kind.word).",
            discussion: "Example:\n  echo '\(Kind.example)' | syrinx evi \(Kind.plural) create -")
    }

    @OptionGroup var body: JSONBody
    @OptionGroup var format: EVIFormat

    func run(_ evi: EVIAccess) async throws {
        let value = try body.value(evi.console)
        let request = try JSONBody.placing(body.file) { () throws(PipelineError) in
            try evi.rest.requests.create(Kind.kind, value)
        }
        let item = try await evi.rest.item(request)
        if format.json { return try evi.console.print(EVIOutput.json(item.value)) }
        try evi.console.print("created \(Kind.name(item)): id \(Shown.plain(item.id)), version \(item.version)\n")
    }
}

/// `syrinx evi configs update`
struct StoredUpdate<Kind: StoredKind>: EVIRESTCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "update", abstract: "Writes a new version of a \(Kind.word), or gives it another name.",
            discussion: """
                A version is whole: what the file leaves out is not taken from the version before. The name belongs to all \
                versions, so it is no member of the file.

                Examples:
                  syrinx evi \(Kind.plural) update 1b60e1a0-cc59-424a-8d2c-189d354db3f3 it.json
                  syrinx evi \(Kind.plural) update 1b60e1a0-cc59-424a-8d2c-189d354db3f3 --name "evening show"
                """)
    }

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @Argument(
        help: ArgumentHelp("A JSON file; - is standard input.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var file: String?

    @Option(help: "The new name.")
    var name: String?

    @OptionGroup var format: EVIFormat

    func validate() throws {
        if (file == nil) == (name == nil) { throw ValidationError("give a file, or --name; one of them") }
        if name != nil, format.json {
            throw ValidationError("--json goes with a file; a new name has no reply to print")
        }
    }

    func run(_ evi: EVIAccess) async throws {
        if let name {
            _ = try await evi.rest.send(evi.rest.requests.rename(Kind.kind, id: id, to: name))
            return try evi.console.print("renamed \(Kind.word) \(Shown.plain(id)) to \(Shown.quoted(name))\n")
        }
        guard let file else { return }
        let value = try JSONBody.value(file, evi.console)
        let request = try JSONBody.placing(file) { () throws(PipelineError) in
            try evi.rest.requests.update(Kind.kind, id: id, value)
        }
        let item = try await evi.rest.item(request)
        if format.json { return try evi.console.print(EVIOutput.json(item.value)) }
        try evi.console.print("updated \(Kind.name(item)): now version \(item.version)\n")
    }
}

/// `syrinx evi configs delete`
struct StoredDelete<Kind: StoredKind>: EVIRESTCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Deletes a \(Kind.word) for good, with all its versions or one of them.",
            discussion: """
                It asks first; where there is no terminal to ask on, --yes is the answer.

                Example:
                  syrinx evi \(Kind.plural) delete 1b60e1a0-cc59-424a-8d2c-189d354db3f3 2 --yes
                """)
    }

    @Argument(help: "The id.", transform: EVIIdentifier.checked)
    var id: String

    @Argument(help: "Only this version; left out: all of them.")
    var version: Int?

    @Flag(name: .shortAndLong, help: "Deletes without asking.")
    var yes = false

    func run(_ evi: EVIAccess) async throws {
        try await EVIConfirmation.ask(yes, evi.console) {
            let versions = try await evi.rest.versions(Kind.kind, id: id)
            if let version { return "Delete version \(version) of \(Kind.name(versions[0])) for good?" }
            return "Delete \(Kind.name(versions[0])), \(Figures.count(versions.count, "version")), for good?"
        }
        _ = try await evi.rest.send(evi.rest.requests.delete(Kind.kind, id: id, version: version))
        let part = version.map { "version \($0) of " } ?? ""
        try evi.console.print("deleted \(part)\(Kind.word) \(Shown.plain(id))\n")
    }
}
