internal import ArgumentParser
internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// `syrinx batch`
struct BatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Runs one pipeline over many files.",
        discussion: """
            Every file that is named becomes a row: a run of the pipeline with ${in} as its path and ${out} as --output \
            says. Inputs are files, folders (every sound file beneath) or patterns with *, ?, [a-z] and ** for any \
            folders; quote patterns. A manifest holds a JSON object of variables a line instead. In --output and in \
            --var, {dir}, {name}, {stem}, {ext}, {path} and {row} stand for parts of the input's path.

            A journal beside the output remembers what is done: run the same command again after an interruption, and \
            only what is missing, failed or changed is done. Failures are told, collected and stop nothing. Ctrl-C ends \
            at once, with every target whole or untouched.

            Exit codes: 0 all done, 1 some rows failed, 130 and 143 stopped by a signal, else as run.

            Examples:
              syrinx batch pipelines/voice-preparation.json 'takes/**/*.wav' --output 'out/{dir}/{stem}.flac'
              syrinx batch mix.json --manifest rows.jsonl --jobs 8 --report-dir reports
              syrinx batch convert.json takes --output 'out/{stem}.flac' --shard 3/16
            """)

    @Argument(
        help: ArgumentHelp("The pipeline file.", valueName: "pipeline"), completion: .file(extensions: ["json"]))
    var file: String

    @Argument(help: ArgumentHelp("Files, folders or patterns.", valueName: "input"), completion: .file())
    var inputs: [String] = []

    @Option(help: ArgumentHelp("What ${out} is, as in out/{stem}.flac.", valueName: "template"))
    var output: String?

    @Option(
        help: ArgumentHelp("Takes the rows from a file: a JSON object of variables a line.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var manifest: String?

    @Option(
        name: .customLong("var"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Gives ${name} a value in every row. May be repeated.", valueName: "name=template"))
    var variables: [String] = []

    @OptionGroup var settings: SettingOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How many rows run at once; the number of cores if left out.", valueName: "n"))
    var jobs: Int?

    @Option(help: ArgumentHelp("Does every n-th row only, from the i-th on, as in 3/16.", valueName: "i/n"))
    var shard = Shard.whole

    @OptionGroup var duration: DurationOptions

    @Option(
        help: ArgumentHelp("Where is remembered what is done, if not beside the output.", valueName: "file"),
        completion: .file(extensions: ["jsonl"]))
    var journal: String?

    @Flag(help: "Passes over rows whose targets are all there, whoever wrote them.")
    var skipExisting = false

    @Flag(help: "Does all rows, whatever the journal says.")
    var again = false

    @Flag(help: "Ends at the first failure.")
    var failFast = false

    @Flag(help: "Lists the rows and what would be done with them; runs and writes nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp("Writes a report of each row into this folder.", valueName: "folder"), completion: .directory
    )
    var reportDir: String?

    @OptionGroup var report: ReportOptions

    @Flag(help: "Shows neither progress nor summary; failures are told all the same.")
    var quiet = false

    func validate() throws {
        if file == "-" { throw ValidationError("standard input is read once; put the pipeline in a file") }
        if inputs.isEmpty == (manifest == nil) {
            throw ValidationError("expected inputs, or --manifest; found \(inputs.isEmpty ? "neither" : "both")")
        }
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs: found \(jobs), expected 1…1024") }
        if dryRun, report.path != nil || reportDir != nil {
            throw ValidationError("--dry-run runs nothing that a report could tell of")
        }
    }

    func run() throws {
        let loader = try PipelineLoader()
        let console = loader.console
        let signals = try console.orFail { () throws(PipelineError) in try SignalWatch() }
        signal(SIGPIPE, SIG_IGN)
        let plan = try BatchPlan(self, loader)
        let source: BatchSource
        do throws(PipelineError) {
            source = try plan.source(console)
        } catch {
            throw console.fail(error)
        }
        let rows = source.count
        let display = BatchDisplay(console, rows: rows, quiet: quiet)
        let work = try console.orFail { () throws(PipelineError) in
            try plan.work { row, words in display.tell(row, [words]) }
        }
        if dryRun { return try list(source, work, console) }
        let reportFile = try console.orFail(report.open)
        let runner = BatchRunner(source, work, display, failsFast: failFast)
        signals.watch { runner.stop() }
        let jobs = jobs ?? Self.cores
        let tally: BatchTally
        do throws(PipelineError) {
            tally = try runner.run(jobs: jobs)
        } catch {
            reportFile?.discard()
            throw console.fail(error)
        }
        let stopped = signals.signal
        if let reportFile {
            let outcome = stopped != nil ? "stopped" : tally.failed > 0 ? "failed" : "done"
            let value = tally.report(
                pipeline: file, rows: rows, jobs: jobs, wallTime: display.wallTime, outcome: outcome)
            try console.orFail { () throws(PipelineError) in try reportFile.write(value) }
        }
        if display.isShown || !quiet && (tally.failed > 0 || stopped != nil) { display.summarise(tally) }
        if let stopped { throw ExitCode(128 + stopped) }
        if tally.failed > 0 { throw ExitCode(1) }
    }

    /// `--dry-run`: a line for each row.
    private func list(_ source: consuming BatchSource, _ work: BatchWork, _ console: Console) throws {
        var faults = 0
        while let row = try console.orFail({ () throws(PipelineError) in try source.next() }) {
            let outcome = try console.orFail { () throws(PipelineError) in try work.foresee(row) }
            var word = "run"
            switch outcome {
            case .doneBefore: word = "done"
            case .skipped: word = "skip"
            case .failed(let failure):
                word = "fault"
                faults += 1
                for line in failure.lines { console.say("\(Shown.plain(row.title, limit: 200)): \(line)") }
            case .done, .stopped: break
            }
            let target = row.variables["out"].map { " -> " + Shown.plain($0, limit: 200) } ?? ""
            try console.print("\(word)\t\(row.number)\t\(Shown.plain(row.title, limit: 200))\(target)\n")
        }
        if faults > 0 { throw ExitCode(1) }
    }

    /// The cores that are online.
    private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
