internal import ArgumentParser
internal import Glibc
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// How loud a file is.
struct LoudnessFigures {
    /// Integrated, LUFS; nil: it has none.
    var loudness: Double?
    /// dBTP; nil: silent.
    var truePeak: Double?
}

/// One way through a file: read, turned up or down, limited, measured, and written if wanted.
struct NormalizePass {
    private let input: String
    private let dualMono: Bool
    private let signals: SignalWatch
    private let console: Console
    private let showsProgress: Bool
    private let registry: NodeRegistry

    init(
        _ input: String, dualMono: Bool, _ signals: SignalWatch, _ console: Console, showsProgress: Bool
    ) throws {
        self.input = input
        self.dualMono = dualMono
        self.signals = signals
        self.console = console
        self.showsProgress = showsProgress
        registry = try console.orFail { () throws(PipelineError) in try Plugins.registry() }
    }

    /// Runs it, and tells how loud what came out is.
    ///
    /// - Parameters:
    ///   - gain: in dB.
    ///   - ceiling: of the limiter, dBTP; nil: there is none.
    ///   - output: nil: it is measured only.
    ///   - settings: more parameters of the output.
    /// - Throws: ``ExitCode``; what went wrong has been written to standard error.
    func measure(
        gain: Double, ceiling: Double?, to output: String? = nil, _ settings: [String: String] = [:]
    ) throws -> LoudnessFigures {
        let document = document(gain: gain, ceiling: ceiling, output, settings)
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
        let figures = report.nodes.first { $0.id == "measured" }?.figures ?? []
        func figure(_ name: String) -> Double? { figures.first { $0.name == name }?.value.double }
        return LoudnessFigures(loudness: figure("integrated_lufs"), truePeak: figure("max_true_peak_dbtp"))
    }

    /// The pipeline of one pass.
    private func document(
        gain: Double, ceiling: Double?, _ output: String?, _ settings: [String: String]
    ) -> PipelineDocument {
        var nodes = [DocumentNode(id: "in", type: "file.source", parameters: [Self.text("path", input)])]
        // A gain node gives 24 dB at most; who lacks more gets several.
        var left = gain
        while left != 0 {
            let part = min(left, 24)
            left -= part
            nodes.append(
                DocumentNode(id: "gain\(nodes.count)", type: "gain", parameters: [Self.number("gain_db", part)]))
        }
        if let ceiling {
            nodes.append(
                DocumentNode(id: "ceiling", type: "limiter", parameters: [Self.number("ceiling_dbfs", ceiling)]))
        }
        nodes.append(
            DocumentNode(
                id: "measured", type: "meter",
                parameters: [DocumentMember("dual_mono", DocumentValue(.boolean(dualMono)))]))
        if let output {
            let more = settings.sorted { $0.key < $1.key }.map { Self.text($0.key, $0.value) }
            nodes.append(
                DocumentNode(id: "out", type: "file.sink", parameters: [Self.text("path", output)] + more))
        }
        return PipelineDocument(
            file: input, name: "normalize", nodes: nodes,
            links: [DocumentLink(nodes.map(\.id).joined(separator: " -> "))])
    }

    private static func number(_ name: String, _ value: Double) -> DocumentMember {
        DocumentMember(name, DocumentValue(.number(value, text: "\(value)")))
    }

    /// A value from the command line: read as the type that its parameter wants.
    private static func text(_ name: String, _ value: String) -> DocumentMember {
        DocumentMember(
            name,
            DocumentValue(
                .string(
                    DocumentText(value, isReference: true, beginsOnCommandLine: true, isTypedOnCommandLine: true))))
    }
}
