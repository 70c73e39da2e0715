internal import ArgumentParser

/// The command.
@main
struct Syrinx: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "syrinx",
        abstract: "Runs audio pipelines that are written as JSON files.",
        discussion: """
            A pipeline is a file of nodes and links. Example:

              syrinx run pipelines/convert.json --var in=take.wav --var out=take.flac

            Exit codes: 0 done, 64 wrong usage, 65 faults in the file, 66 missing input, 69 device or server unavailable, \
            70 our bug, 73 cannot create output, 74 I/O error, 77 credentials refused, 130 and 143 stopped by a signal.
            """,
        version: Version.number,
        subcommands: [
            RunCommand.self, BatchCommand.self, CheckCommand.self, ExplainCommand.self, NormalizeCommand.self,
            SplitCommand.self, TrimCommand.self, LabelCommand.self, NodesCommand.self, DevicesCommand.self,
            SchemaCommand.self, EVICommand.self, LV2Command.self, PluginsCommand.self, PluginCommand.self,
            PluginHelperCommand.self,
        ])
}
