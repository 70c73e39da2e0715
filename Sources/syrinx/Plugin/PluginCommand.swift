internal import ArgumentParser
internal import NativePlugin
internal import SyrinxCore

/// `syrinx plugin`
struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Makes and checks plugins of your own.",
        subcommands: [NewPluginCommand.self, CheckPluginCommand.self])
}

extension PluginKit.Language: ExpressibleByArgument {}

/// `syrinx plugin new`
struct NewPluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Writes a folder with a plugin that builds and runs; make it yours.",
        discussion: """
            The folder has its own copy of the header and needs nothing of syrinx to build: C and C++ want a compiler and \
            make, Swift its toolchain too. make leaves NAME.so in it, whose node type is NAME.

            Example:
              syrinx plugin new my_filter --language c && make -C my_filter && syrinx plugin check my_filter/my_filter.so
            """)

    @Argument(help: "The folder and the node type: lower-case letters, digits and _.")
    var name: String

    @Option(help: "c, cpp or swift.")
    var language: PluginKit.Language

    func run() throws {
        let console = Console()
        let files = try console.orFail { () throws(PipelineError) in try PluginKit.write(name, language) }
        try console.print(files.map { "\(name)/\($0)\n" }.joined())
        console.say("make -C \(name) builds it; \(name)/README.md says more")
    }
}
