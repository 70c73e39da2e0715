internal import ArgumentParser
internal import SyrinxCore

/// `syrinx nodes`
struct NodesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "Lists the node types, or shows the reference page of one.",
        discussion: """
            Examples:
              syrinx nodes
              syrinx nodes file.sink
              syrinx nodes gain --markdown > gain.md
            """)

    @Argument(
        help: "A node type; left out: all of them, a line each.",
        completion: .custom { _, _, _ in (try? Plugins.registry())?.descriptors.map(\.type) ?? [] })
    var type: String?

    @Flag(help: "Prints the descriptors as JSON.")
    var json = false

    @Flag(help: "Prints Markdown.")
    var markdown = false

    func validate() throws {
        if json, markdown { throw ValidationError("--json and --markdown: give one of them") }
    }

    func run() throws {
        let loader = try PipelineLoader()
        let descriptors = loader.registry.descriptors
        guard let type else {
            if json {
                let value = Value.list(descriptors.map { ReferenceJSON(descriptor: $0).value })
                return try loader.console.print(value.json(pretty: true) + "\n")
            }
            return try loader.console.print(markdown ? Self.markdownList(descriptors) : Self.list(descriptors))
        }
        guard let descriptor = loader.registry[type]?.descriptor else {
            let hint = NearestName.suggestion(type, among: descriptors.map(\.type))
            let advice = hint.isEmpty ? "; syrinx nodes lists them" : hint
            throw loader.console.fail(
                PipelineError(.usage, at: "nodes", "found \(Shown.quoted(type)), no such node type\(advice)"))
        }
        let text =
            if json {
                ReferenceJSON(descriptor: descriptor).value.json(pretty: true) + "\n"
            } else if markdown {
                ReferenceMarkdown(descriptor: descriptor).text
            } else {
                ReferenceText(descriptor: descriptor).text
            }
        try loader.console.print(text)
    }

    private static func list(_ descriptors: [NodeDescriptor]) -> String {
        var table = Table()
        for descriptor in descriptors { table.add(descriptor.type, descriptor.summary) }
        return table.text(indent: 0)
    }

    private static func markdownList(_ descriptors: [NodeDescriptor]) -> String {
        descriptors.reduce("| type | what it does |\n| --- | --- |\n") { text, descriptor in
            text + "| [\(descriptor.type)](\(descriptor.type).md) | \(ReferenceMarkdown.cell(descriptor.summary)) |\n"
        }
    }
}
