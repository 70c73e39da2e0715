internal import ArgumentParser
internal import Glibc
internal import SyrinxCore

/// `--report`
struct ReportOptions: ParsableArguments {
    @Option(
        name: .customLong("report"),
        help: ArgumentHelp("Writes what became of it as JSON; - is standard output.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var path: String?

    /// The file, created now; nil if none is asked for.
    ///
    /// - Throws: `.cannotCreate`.
    func open() throws(PipelineError) -> ReportFile? {
        if let path { try ReportFile(path) } else { nil }
    }
}

/// The file of `--report`: there whole, or not at all.
///
/// Created before the run, so that a run of hours does not end with a report that cannot be written.
struct ReportFile {
    /// nil: standard output.
    private let file: WholeFile?

    /// - Throws: `.cannotCreate`.
    init(_ path: String) throws(PipelineError) { file = path == "-" ? nil : try WholeFile(path, name: "the report") }

    /// Writes the report and gives it its name.
    ///
    /// - Throws: `.inputOutput`.
    func write(_ report: Value) throws(PipelineError) {
        let text = report.json(pretty: true) + "\n"
        if let file {
            try file.write(Array(text.utf8))
            return try file.finish()
        }
        do throws(ExitCode) {
            try Console.write(text, to: STDOUT_FILENO)
        } catch {
            throw PipelineError(
                .inputOutput, at: "-", "cannot write the report", cause: String(cString: strerror(errno)))
        }
    }

    /// Leaves nothing behind, unless the report has got its name.
    func discard() { file?.discard() }
}

extension Console {
    /// Does what a report tells of, with the report's file created before and written after.
    ///
    /// - Throws: ``ExitCode``; what went wrong has been written to standard error, and no report is left.
    func reporting(to options: ReportOptions, _ body: () throws -> Value) throws {
        let file = try orFail(options.open)
        do {
            let report = try body()
            try orFail { () throws(PipelineError) in try file?.write(mask.mask(report)) }
        } catch {
            file?.discard()
            throw error
        }
    }
}
