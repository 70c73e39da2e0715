internal import ArgumentParser
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// `syrinx explain`
struct ExplainCommand: ParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json, dot, mermaid
    }

    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows what a run of a pipeline would do: rates, converters, latency, memory.",
        discussion: """
            Reads the headers of input files; opens no device, pipe or network connection, and writes nothing. What cannot \
            be known is shown as ?.

            Examples:
              syrinx explain pipelines/voice-preparation.json --var in=take.wav --var out=voice.wav
              syrinx explain mix.json --format dot | dot -Tsvg > mix.svg
            """)

    @OptionGroup var pipeline: PipelineOptions

    @Option(help: "text, json, dot (for Graphviz) or mermaid.", completion: .list(Format.allCases.map(\.rawValue)))
    var format = Format.text

    @Option(help: ArgumentHelp("The rate of a device that is not opened.", valueName: "hz"))
    var rate: Int?

    func validate() throws {
        if let rate, !Limits.rates.contains(rate) {
            throw ValidationError(
                "--rate: found \(rate), expected \(Limits.rates.lowerBound)…\(Limits.rates.upperBound) Hz")
        }
    }

    func run() throws {
        var loader = try PipelineLoader()
        let checked = try loader.load(pipeline.request, .explain)
        let console = loader.console
        let (resolved, faults) = PipelineResolver(registry: loader.registry).resolve(
            checked, access: .headers, rate: rate)
        let code = console.report(faults, file: pipeline.request.name)
        guard let resolved, code == nil else { throw code ?? ExitCode(PipelineError.Code.internal.exitCode) }
        let explanation = Explanation(
            resolved, driver: DriverChoice.wanted(for: checked),
            needs: Need.list(checked.document.references, given: pipeline.request))
        switch format {
        case .text: try console.print(ExplainText(explanation: explanation).text)
        case .json:
            try console.print(console.mask.mask(ExplainJSON(explanation: explanation).value).json(pretty: true) + "\n")
        case .dot: try console.print(ExplainGraph(explanation: explanation).dot)
        case .mermaid: try console.print(ExplainGraph(explanation: explanation).mermaid)
        }
    }
}
