internal import ArgumentParser
internal import SyrinxConfig
internal import SyrinxCore

/// `syrinx schema`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of pipeline files.",
        discussion: """
            It knows the node types that are installed; editors use it for completion and checks.

            Example:
              syrinx schema > pipelines/syrinx.schema.json
            """)

    func run() throws {
        let loader = try PipelineLoader()
        try loader.console.print(JSONSchema.make(nodes: loader.registry.descriptors).json(pretty: true) + "\n")
    }
}
