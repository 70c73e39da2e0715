internal import ArgumentParser
internal import NativePlugin
internal import SyrinxCore

/// `syrinx plugins`
struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Lists the plugins that were found, their node types, and why something was not loaded.",
        discussion: """
            Looks at every file of SYRINX_PLUGIN_PATH (folders with colons between), ~/.local/lib/syrinx and \
            /usr/lib/syrinx anew.
            """)

    @Flag(help: "Prints JSON.")
    var json = false

    func run() throws {
        let console = Console()
        var registry = try console.orFail { () throws(PipelineError) in try Plugins.builtIn() }
        var catalogue = PluginCatalogue(isFresh: true)
        catalogue.register(into: &registry)
        try console.print(json ? Self.value(catalogue).json(pretty: true) + "\n" : Self.text(catalogue))
    }

    private static func value(_ catalogue: PluginCatalogue) -> Value {
        .object([
            .init("folders", .list(catalogue.folders.map(Value.string))),
            .init(
                "plugins",
                .list(
                    catalogue.items.map { item in
                        .object([
                            .init("path", .string(item.path)), .init("loaded", .boolean(item.reason == nil)),
                            .init("reason", item.reason.map(Value.string) ?? .null),
                            .init("name", .string(item.name)), .init("vendor", .string(item.vendor)),
                            .init("version", .string(item.version)), .init("header", .string(item.header)),
                            .init("types", .list(item.types.map { .string($0.type) })),
                            .init(
                                "refused",
                                .list(
                                    item.refusedTypes.map {
                                        .object([.init("type", .string($0.type)), .init("reason", .string($0.reason))])
                                    })),
                        ])
                    })),
        ])
    }

    private static func text(_ catalogue: PluginCatalogue) -> String {
        if catalogue.items.isEmpty {
            return "no plugins in \(catalogue.folders.map { Shown.plain($0, limit: 300) }.joined(separator: ", "))\n"
        }
        var text = ""
        for item in catalogue.items {
            text += Shown.plain(item.path, limit: 400)
            if let reason = item.reason {
                text += "\n  refused: \(Shown.plain(reason, limit: 600))\n"
                continue
            }
            let words = [item.name, item.version, item.vendor].filter { !$0.isEmpty }.map { Shown.plain($0, limit: 80) }
            text += "\n  \(words.joined(separator: ", ")), header \(item.header)\n"
            for type in item.types { text += "  \(type.type)  \(Shown.plain(type.summary, limit: 200))\n" }
            for refused in item.refusedTypes {
                text += "  \(refused.type)  refused: \(Shown.plain(refused.reason, limit: 400))\n"
            }
        }
        return text
    }
}
