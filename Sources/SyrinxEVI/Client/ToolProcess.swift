internal import Glibc
package import SyrinxCore

/// Runs the tools that the pipeline file names, each as a program of its own.
///
/// A program runs directly, never through a shell, in the pipeline's folder, with `PATH`, `HOME`, `LANG` and the entry's own
/// settings only. It reads the call's arguments on standard input and answers on standard output, with at most 1 MiB of
/// UTF-8; what it says on standard error goes to ours. Whoever cancels the task kills its process group. Status 0 is
/// success; line breaks at the answer's end are cut off.
///
/// - Thread: any but render. Each running tool has a thread that waits for it.
/// - Source: design 9.
package struct ToolProcess: ToolRunner {
    /// What to run for one tool.
    package struct Command: Sendable, Hashable {
        let arguments: [String]
        let environment: [String: String]

        /// - Parameters:
        ///   - arguments: the program first. One without a slash is looked for along `PATH`, a relative path begins at the
        ///     pipeline's folder.
        ///   - environment: what is set beside, or in the place of, `PATH`, `HOME` and `LANG`.
        package init(_ arguments: [String], environment: [String: String] = [:]) throws(PipelineError) {
            guard let program = arguments.first, !program.isEmpty else {
                throw PipelineError(
                    .invalidParameter, at: "command", "found no program, expected a list that begins with one")
            }
            for text in arguments + Array(environment.values) where text.utf8.contains(0) {
                throw PipelineError(
                    .invalidParameter, at: "command", "found a text with the character U+0000, expected none")
            }
            for name in environment.keys where name.isEmpty || name.utf8.contains(where: { $0 == 0 || $0 == 0x3D }) {
                throw PipelineError(
                    .invalidParameter, at: "env", "found the name \(Shown.quoted(name)), expected one without =")
            }
            self.arguments = arguments
            self.environment = environment
        }
    }

    private let jobs: [String: ToolJob.Plan]

    /// - Parameters:
    ///   - commands: by the tool's name. Calls of others are left to commands.
    ///   - folder: where the pipeline file lies.
    package init(_ commands: [String: Command], folder: String) {
        var inherited: [String: String] = [:]
        for name in ["PATH", "HOME", "LANG"] {
            if let value = getenv(name) { inherited[name] = String(cString: value) }
        }
        jobs = commands.mapValues { command in
            let environment = inherited.merging(command.environment) { $1 }
            return ToolJob.Plan(
                arguments: command.arguments, folder: folder.isEmpty ? "." : folder,
                searchPath: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
                environment: environment.map { "\($0.key)=\($0.value)" }.sorted())
        }
    }

    package func run(_ call: ToolCall) async -> ToolResult {
        guard let plan = jobs[call.name] else { return .notMine }
        let job = ToolJob(plan, input: Array(call.parameters.utf8))
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                job.start { waiter.resume(returning: $0) }
            }
        } onCancel: {
            job.cancel()
        }
    }
}
