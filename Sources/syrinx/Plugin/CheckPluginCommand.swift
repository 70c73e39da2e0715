internal import ArgumentParser
internal import NativePlugin
internal import SyrinxCore

/// `syrinx plugin check`
struct CheckPluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tries whether a plugin keeps what syrinx_plugin.h asks of it.",
        discussion: """
            In a process of its own: slices of several and of random lengths, two rates, moves of parameters, work in place, \
            reset, deactivate and activate, silence, NaN, and calls of heap, locks and system while it renders. Exit code 0: \
            every rule is kept; 65: the lines that begin with FAILED say what is not.
            """)

    @Argument(help: "The shared object.")
    var file: String

    @Flag(help: "Shows the rules that are kept, too.")
    var verbose = false

    func run() throws {
        let console = Console()
        let verdict = try console.orFail { () throws(PipelineError) in try PluginVerdict(file: file) }
        var text = ""
        for rule in verdict.rules {
            let name = Shown.plain(rule.name, limit: 300)
            if let fault = rule.fault {
                text += "FAILED  \(name): \(Shown.plain(fault, limit: 600))\n"
            } else if verbose {
                text += "kept    \(name)\n"
            }
        }
        let failed = verdict.rules.count { $0.fault != nil }
        text +=
            failed == 0
            ? "\(Shown.plain(file, limit: 300)) keeps all \(verdict.rules.count) rules\n"
            : "\(Shown.plain(file, limit: 300)) breaks \(failed) of \(verdict.rules.count) rules\n"
        try console.print(text)
        if failed > 0 { throw ExitCode(65) }
    }
}
