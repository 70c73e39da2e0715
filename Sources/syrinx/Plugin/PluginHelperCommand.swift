internal import ArgumentParser
internal import NativePlugin

/// `syrinx plugin-helper`, which the command starts for itself: a process that may crash.
struct PluginHelperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: PluginHelper.command, abstract: "Runs a plugin for another syrinx.", shouldDisplay: false)

    @Argument(help: "The plugin's file.")
    var file: String

    func run() { PluginServer.run(file: file) }
}
