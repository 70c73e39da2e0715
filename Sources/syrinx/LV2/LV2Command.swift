internal import ArgumentParser
internal import LV2Plugin
internal import SyrinxCore

/// `syrinx lv2`
struct LV2Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lv2", abstract: "Lists the installed LV2 plugins, or shows the page of one.",
        discussion: """
            Reads metadata only. LV2_PATH says where plugins are; else the usual folders.

            Examples:
              syrinx lv2 list compressor
              syrinx lv2 show http://lv2plug.in/plugins/eg-amp
            """, subcommands: [LV2ListCommand.self, LV2ShowCommand.self])

    /// The installed plugins.
    ///
    /// - Throws: ``ExitCode``, with the reason on standard error.
    static func world() throws -> LV2World {
        do throws(PipelineError) {
            return try LV2World.shared.get()
        } catch {
            throw Console().fail(error.placed(at: "lv2"))
        }
    }
}

/// `syrinx lv2 list`
struct LV2ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the installed LV2 plugins: URI, name, class.")

    @Argument(help: "Only what has these words in its URI, name or class.")
    var words: [String] = []

    @Flag(help: "Prints JSON.")
    var json = false

    func run() throws {
        let world = try LV2Command.world()
        let plugins = world.uris.map { (uri: $0, label: world.label($0)) }.filter { plugin in
            let text = "\(plugin.uri) \(plugin.label.name) \(plugin.label.className)".lowercased()
            return words.allSatisfy { text.contains($0.lowercased()) }
        }
        if json {
            let list = Value.list(
                plugins.map {
                    .object([
                        .init("uri", .string($0.uri)), .init("name", .string($0.label.name)),
                        .init("class", .string($0.label.className)),
                    ])
                })
            return try Console().print(list.json(pretty: true) + "\n")
        }
        var table = Table()
        for plugin in plugins {
            table.add(
                Shown.plain(plugin.uri, limit: 200), Shown.plain(plugin.label.name),
                Shown.plain(plugin.label.className))
        }
        try Console().print(table.text(indent: 0))
    }
}

/// `syrinx lv2 show`
struct LV2ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows the page of one LV2 plugin: ports, parameters, presets, and what cannot be hosted.")

    @Argument(help: "The plugin's URI.")
    var uri: String

    @Flag(help: "Prints the node's descriptor as JSON.")
    var json = false

    func run() throws {
        let world = try LV2Command.world()
        do throws(PipelineError) {
            let metadata = try world.metadata(uri)
            let shape = try LV2Shape(metadata)
            let descriptor = shape.descriptor()
            let text =
                json
                ? ReferenceJSON(descriptor: descriptor).value.json(pretty: true) + "\n"
                : Self.head(metadata, shape) + ReferenceText(descriptor: descriptor).text
            try show(text)
        } catch {
            throw Console().fail(error.placed(at: "lv2"))
        }
    }

    private func show(_ text: String) throws(PipelineError) {
        do {
            try Console().print(text)
        } catch {
            throw PipelineError(.inputOutput, "standard output cannot be written")
        }
    }

    /// What the plugin is, in lines.
    private static func head(_ metadata: LV2Metadata, _ shape: LV2Shape) -> String {
        var table = Table()
        func add(_ name: String, _ text: String) {
            if !text.isEmpty { table.add(name, Shown.plain(text, limit: 250)) }
        }
        add("plugin", metadata.name)
        add("uri", metadata.uri)
        add("class", metadata.className)
        add("author", metadata.author)
        add("licence", metadata.licence)
        add(
            "has",
            [metadata.hasWorker ? "worker" : "", metadata.hasState ? "state" : ""].filter { !$0.isEmpty }.joined(
                separator: ", "))
        add("passed over", shape.passedOver.joined(separator: ", "))
        var text = table.text(indent: 0)
        if !metadata.presets.isEmpty {
            text += "\nPresets\n"
            for preset in metadata.presets.prefix(200) { text += "  \(Shown.plain(preset.label))\n" }
            if metadata.presets.count > 200 { text += "  … and \(metadata.presets.count - 200) more\n" }
        }
        return text + "\n"
    }
}
