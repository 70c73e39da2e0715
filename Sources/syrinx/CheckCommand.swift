internal import ArgumentParser
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph

/// `syrinx check`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reports every fault of pipeline files; opens nothing that they name.",
        discussion: """
            What a file needs from outside (variables, environment, files) is listed and need not be set.

            Example:
              syrinx check pipelines/*.json
            """)

    @Argument(
        help: ArgumentHelp("The pipeline files; - is standard input.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var files: [String]

    func run() throws {
        var failure: ExitCode?
        for file in files {
            let request = LoadRequest(file: file)
            var loader = try PipelineLoader()
            do {
                let checked = try loader.load(request, .check)
                let (_, faults) = PipelineResolver(registry: loader.registry).resolve(checked, access: .nothing)
                if let code = loader.console.report(faults, file: request.name) { throw code }
                try loader.console.print(Self.summary(checked, request))
            } catch let code as ExitCode {
                failure = failure ?? code
            }
        }
        if let failure { throw failure }
    }

    private static func summary(_ checked: CheckedPipeline, _ request: LoadRequest) -> String {
        let document = checked.document
        var text = "\(document.file): no faults, \(Figures.count(document.nodes.count, "node")), "
        text += Figures.count(document.links.count, "link") + "\n"
        for need in Need.list(document.references, given: request) { text += "  needs \(need.text)\n" }
        return text
    }
}
