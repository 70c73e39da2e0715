internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// Runs pipelines that a command has written itself, flat out from file to file.
struct FilePass {
    /// The file that faults are told of.
    let input: String
    private let name: String
    private let signals: SignalWatch
    private let console: Console
    private let showsProgress: Bool
    private let registry: NodeRegistry

    /// - Parameter name: of the command, for reports.
    /// - Throws: ``ExitCode``; what went wrong has been written to standard error.
    init(_ input: String, name: String, _ signals: SignalWatch, _ console: Console, showsProgress: Bool) throws {
        self.input = input
        self.name = name
        self.signals = signals
        self.console = console
        self.showsProgress = showsProgress
        registry = try console.orFail { () throws(PipelineError) in try Plugins.registry() }
    }

    /// Runs a pipeline to its end.
    ///
    /// - Throws: ``ExitCode``; what went wrong has been written to standard error.
    func run(_ nodes: [DocumentNode], links: [String]) throws -> RunReport {
        let document = PipelineDocument(
            file: input, name: name, nodes: nodes, links: links.map { DocumentLink($0) })
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        let code = console.report(faults, file: input)
        guard let checked, code == nil else { throw code ?? ExitCode(PipelineError.Code.internal.exitCode) }
        let display = showsProgress && Console.isTerminal ? ProgressDisplay(console) : nil
        var options = Run.Options()
        if let display { options.onProgress = { display.show($0) } }
        let (run, refusals): (Run?, [Fault]) = try console.orFail { () throws(PipelineError) in
            try Run.prepare(checked, registry: registry, driver: "offline", options: options)
        }
        let refusal = console.report(refusals, file: input)
        guard let run, refusal == nil else { throw refusal ?? ExitCode(PipelineError.Code.internal.exitCode) }
        signals.watch(run)
        let report = run.execute()
        signals.watch(nil)
        display?.clear()
        switch report.outcome {
        case .done: break
        case .stopped: throw ExitCode(128 + (signals.signal ?? SIGINT))
        case .failed(let error): throw console.fail(error)
        }
        // A signal that came between two runs found none to stop.
        if let signal = signals.signal { throw ExitCode(128 + signal) }
        return report
    }
}

extension RunReport {
    /// A figure of a node.
    func figure(_ node: String, _ name: String) -> Value? {
        nodes.first { $0.id == node }?.figures.first { $0.name == name }?.value
    }
}

extension DocumentMember {
    static func number(_ name: String, _ value: Double) -> DocumentMember {
        DocumentMember(name, DocumentValue(.number(value, text: "\(value)")))
    }

    /// A value from the command line: read as the type that its parameter wants.
    static func text(_ name: String, _ value: String) -> DocumentMember {
        DocumentMember(
            name,
            DocumentValue(
                .string(
                    DocumentText(value, isReference: true, beginsOnCommandLine: true, isTypedOnCommandLine: true))))
    }
}

/// Parameters of a node, as `--set PARAM=VALUE` gives them.
enum Settings {
    /// - Throws: `ValidationError` for one without `=`.
    static func validate(_ sets: [String]) throws {
        for set in sets where !set.contains("=") { throw ValidationError("--set: found \(set), expected param=value") }
    }

    /// By name, the last one counts.
    static func members(_ sets: [String]) -> [DocumentMember] {
        let values = Dictionary(
            sets.map { set in
                let parts = set.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts[1]))
            }, uniquingKeysWith: { $1 })
        return values.sorted { $0.key < $1.key }.map { .text($0.key, $0.value) }
    }
}
