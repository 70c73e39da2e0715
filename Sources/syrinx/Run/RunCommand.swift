internal import ArgumentParser
internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// `syrinx run`
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a pipeline.",
        discussion: """
            Without a device in it a pipeline runs as fast as it goes. Output files appear whole or not at all. Progress \
            is shown on a terminal only. With a device it runs until its files have been played, or until Ctrl-C, which \
            finishes files; SIGUSR1 silences every device output at once, and again lets it be heard. While it runs, \
            SIGHUP makes it read the pipeline file again, and --watch does so whenever the file is written: what is new \
            fades in, what is gone fades out, the rest plays on; a file with faults changes nothing.

            Examples:
              syrinx run pipelines/convert.json --var in=take.wav --var out=take.flac
              syrinx run mix.json --set trim.gain_db=-3 --bind desk=b.wav --report r.json
              syrinx run pipelines/evi-studio.json --emulate
            """)

    @OptionGroup var pipeline: PipelineOptions

    @Option(
        help: ArgumentHelp("Who owns the clock: offline, timer, jack or alsa.", valueName: "driver"),
        completion: .list(["offline", "timer", "jack", "alsa"]))
    var driver: String?

    @OptionGroup var duration: DurationOptions

    @OptionGroup var report: ReportOptions

    @Option(
        help: ArgumentHelp(
            "How many threads render branches of the pipeline at once, flat out; files have their own in any case.",
            valueName: "n"))
    var threads = 1

    @Flag(help: "Reads the pipeline file again whenever it is written, and lets the run become what it says.")
    var watch = false

    @Flag(help: "Rehearses without a key: every evi node talks to an emulator within this process.")
    var emulate = false

    @Option(
        help: ArgumentHelp("With --emulate: what EVI says when, and what goes wrong.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var scenario: String?

    @Flag(help: "With --emulate: EVI gives the user's own words back.")
    var parrot = false

    @Flag(help: "Shows neither progress nor summary.")
    var quiet = false

    func validate() throws {
        guard (1...64).contains(threads) else { throw ValidationError("--threads: found \(threads), expected 1…64") }
    }

    func run() throws {
        var loader = try PipelineLoader()
        var request = pipeline.request
        // Before anything has a thread, so that every thread leaves the signals to the one that waits for them.
        let signals = try loader.console.orFail { () throws(PipelineError) in try SignalWatch() }
        request.rehearsal = try rehearsal(loader.console)
        defer { request.rehearsal?.stop() }
        let checked = try loader.load(request, .run)
        let options: Run.Options
        let reportFile: ReportFile?
        let display = quiet || !Console.isTerminal ? nil : ProgressDisplay(loader.console)
        let reloader = Reloader(loader, request, report: report.path, display)
        do throws(PipelineError) {
            options = try runOptions(display, reloader)
            try checkWatch(checked, loader.registry)
            _ = try DriverChoice.name(for: checked, registry: loader.registry, asked: driver)
            try StandardStreams.check(checked, pipeline: pipeline.file, report: report.path)
            reportFile = try report.open()
        } catch {
            throw loader.console.fail(error)
        }
        // Who reads standard output may go at any time; that is an error like any other.
        signal(SIGPIPE, SIG_IGN)
        let run: Run
        do {
            run = try prepare(checked, options, loader).get()
        } catch {
            reportFile?.discard()
            throw error
        }
        let reload: @Sendable () -> Void = { reloader.reload(run) }
        signals.watch(run, onHangup: run.isLive ? reload : nil)
        if run.isLive, !quiet { announce(run, loader.console) }
        let fileWatch = try watchFile(run, reloader)
        let outcome = run.execute()
        fileWatch?.stop()
        signals.watch(nil)
        display?.clear()
        let console = reloader.console
        if let reportFile {
            try console.orFail { () throws(PipelineError) in try reportFile.write(console.mask.mask(outcome.value)) }
        }
        try end(outcome, checked, signals, display, console)
    }

    /// The emulator that `--emulate` asks for.
    private func rehearsal(_ console: Console) throws -> Rehearsal? {
        guard emulate else {
            if scenario != nil || parrot {
                throw console.fail(
                    PipelineError(.usage, at: parrot ? "--parrot" : "--scenario", "belongs to --emulate; give that too")
                )
            }
            return nil
        }
        do {
            let rehearsal = try Rehearsal.start(scenario: scenario, isParrot: parrot)
            if !quiet { console.say("emulate: every evi node talks to \(rehearsal.address)") }
            return rehearsal
        } catch let faults as Faults {
            throw console.report(faults.all, file: scenario ?? "--scenario") ?? ExitCode(65)
        } catch let error as PipelineError {
            throw console.fail(error)
        }
    }

    private func runOptions(
        _ display: ProgressDisplay?, _ reloader: Reloader
    ) throws(PipelineError) -> Run.Options {
        var options = Run.Options()
        options.duration = try duration.seconds()
        options.threads = threads
        if let display { options.onProgress = { display.show($0) } }
        let file = pipeline.request.name
        options.onNotice = { event in
            // Where a split recording's files begin and end is for its log.
            if event.event == "file_begin" || event.event == "file_end" { return }
            let place = event.node == "engine" ? "engine" : "nodes.\(event.node)"
            reloader.say("\(file): \(place): \(Self.words(event))")
        }
        return options
    }

    /// - Throws: `.usage` where there is no file to watch, or no run that it could change.
    private func checkWatch(_ checked: CheckedPipeline, _ registry: NodeRegistry) throws(PipelineError) {
        guard watch else { return }
        if pipeline.file == "-" {
            throw PipelineError(.usage, at: "--watch", "standard input cannot be watched; give the pipeline as a file")
        }
        if try DriverChoice.name(for: checked, registry: registry, asked: driver) == "offline" {
            throw PipelineError(
                .usage, at: "--watch",
                "nothing paces this run, so it is over before anyone can edit; give --driver timer")
        }
    }

    private func watchFile(_ run: Run, _ reloader: Reloader) throws -> FileWatch? {
        guard watch else { return nil }
        return try reloader.console.orFail { () throws(PipelineError) in
            try FileWatch(pipeline.file) { reloader.reload(run) }
        }
    }

    /// What was agreed on with the device.
    private func announce(_ run: Run, _ console: Console) {
        let facts = run.driverFacts.map { "\($0.name) \($0.value.string ?? $0.value.json())" }
        console.say("\(run.driverName): " + (facts.isEmpty ? "running" : facts.joined(separator: ", ")))
    }

    /// `truncated (path "take.wav", missing_frames 300)`. Tables and identifiers are for logs.
    static func words(_ event: PipelineEvent) -> String {
        let fields = event.fields.compactMap { field -> String? in
            if case .object = field.value { return nil }
            if field.name == "id" || field.name.hasSuffix("_id") { return nil }
            return "\(field.name) \(field.value.json())"
        }
        let name = String(event.event.map { $0 == "_" ? " " : $0 })
        return name + (fields.isEmpty ? "" : " (\(fields.joined(separator: ", ")))")
    }

    /// The run, or the exit code that its faults ask for; they are written to standard error.
    private func prepare(
        _ checked: CheckedPipeline, _ options: Run.Options, _ loader: PipelineLoader
    ) -> Result<Run, ExitCode> {
        do throws(PipelineError) {
            let (run, faults) = try Run.prepare(checked, registry: loader.registry, driver: driver, options: options)
            let code = loader.console.report(faults, file: pipeline.request.name)
            guard let run, code == nil else { return .failure(code ?? .failure) }
            return .success(run)
        } catch {
            loader.console.say(fault(error, in: checked).line(file: pipeline.request.name))
            return .failure(ExitCode(error.code.exitCode))
        }
    }

    /// An error with the position of the node that it names.
    private func fault(_ error: PipelineError, in checked: CheckedPipeline) -> Fault {
        let node = checked.nodes.first { error.path == $0.path || error.path.hasPrefix($0.path + ".") }
        return Fault(error, position: node?.position)
    }

    /// Tells how it ended, in words and by the exit code.
    private func end(
        _ report: RunReport, _ checked: CheckedPipeline, _ signals: SignalWatch, _ display: ProgressDisplay?,
        _ console: Console
    ) throws {
        switch report.outcome {
        case .done:
            display?.summarise(report)
        case .stopped where report.live != nil:
            display?.summarise(report)
        case .stopped:
            if display != nil { console.say("stopped after \(Figures.time(report.seconds)); no file was written") }
            throw ExitCode(128 + (signals.signal ?? SIGINT))
        case .failed(let error):
            if report.live != nil { display?.summarise(report) }
            console.say(fault(error, in: checked).line(file: pipeline.request.name))
            throw ExitCode(error.code.exitCode)
        }
    }
}

/// Who uses standard input and output.
enum StandardStreams {
    /// - Throws: `.usage` if two want the same, or if sound would go to a terminal.
    static func check(_ checked: CheckedPipeline, pipeline: String, report: String?) throws(PipelineError) {
        let readers = checked.reads.filter { $0.path == "-" }.map(\.node)
        let writers = checked.writes.filter { $0.path == "-" }.map(\.node)
        if pipeline == "-", let reader = readers.first {
            throw PipelineError(
                .usage, at: "nodes.\(reader)",
                "reads standard input, which holds the pipeline; put the pipeline in a file")
        }
        if report == "-", let writer = writers.first {
            throw PipelineError(
                .usage, at: "--report", "standard output is written by \"\(writer)\"; give the report a file")
        }
        if let node = checked.nodes.first(where: { writers.contains($0.id) }), isatty(STDOUT_FILENO) == 1,
            node.descriptor.inputs.contains(where: { $0.kind == .audio })
        {
            throw PipelineError(
                .usage, at: node.path, "would write sound to a terminal; send standard output to a file or a pipe")
        }
    }
}
