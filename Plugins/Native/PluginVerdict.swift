internal import CPluginHost
internal import Glibc
package import SyrinxCore

/// What `syrinx plugin check` says of a file: every rule that was tried in a process of its own, and how it went.
package struct PluginVerdict: Sendable {
    package struct Rule: Sendable {
        package let name: String
        /// nil: it is kept.
        package let fault: String?
    }

    /// How long one rule may take, in ms.
    private static let limit: Int32 = 20_000

    package private(set) var rules: [Rule] = []

    package var isGood: Bool { rules.allSatisfy { $0.fault == nil } }

    /// Tries a file.
    ///
    /// - Throws: where no process can be started for it.
    package init(file: String, program: String = PluginHelper.thisProgram) throws(PipelineError) {
        let path = file.contains("/") ? file : "./" + file
        do throws(PipelineError) {
            _ = try FileStamp(path)
            let description = try PluginDescription.ask(file: path, program: program)
            let names = description.types.map(\.descriptor.type).joined(separator: ", ")
            rules.append(Rule(name: "it is a plugin: \(names)", fault: nil))
        } catch {
            rules.append(Rule(name: "it is a plugin", fault: error.message + (error.cause.map { " (\($0))" } ?? "")))
            return
        }
        let helper = try PluginHelper(file: path, program: program)
        _ = helper.channel.send(TokenList(["check"]))
        var rule = "its process begins"
        while true {
            guard var message = helper.channel.receive(within: Self.limit) else {
                rules.append(Rule(name: rule, fault: helper.ending))
                return
            }
            switch message.text() {
            case "begins": rule = message.text() ?? ""
            case "passed": rules.append(Rule(name: rule, fault: nil))
            case "failed": rules.append(Rule(name: rule, fault: message.text() ?? ""))
            case "done": return
            default: rules.append(Rule(name: rule, fault: message.text() ?? "its process answers with nonsense"))
            }
        }
    }
}

extension PluginHelper {
    /// How the process ended, or that it hangs.
    var ending: String {
        var status: Int32 = 0
        for _ in 0..<50 {
            if syrinx_helper_ended(process, &status) != 0 { return "it \(Self.words(status))" }
            usleep(2_000)
        }
        return "it hangs"
    }
}
