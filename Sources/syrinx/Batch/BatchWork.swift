internal import ArgumentParser
internal import Glibc
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// What is done with one row: look whether it is done, check, run, remember.
///
/// - Thread: any; many rows at once.
struct BatchWork: Sendable {
    /// Knows the node types; a copy is taken for each row.
    let loader: PipelineLoader
    /// The pipeline as it was read at the start.
    let request: LoadRequest
    /// Of the pipeline and what the command line changes in it.
    let pipeline: Fingerprint
    let journal: BatchJournal
    let duration: Rational?
    let skipsExisting: Bool
    /// True: what the journal says does not count.
    let doesAgain: Bool
    /// Where each row's report goes.
    let reportFolder: String?
    /// Told what a run noticed on the way, and the row.
    let onNotice: @Sendable (BatchRow, String) -> Void

    /// Does a row, unless it is done.
    ///
    /// - Parameter begin: called with the run before it starts; who stops the batch stops it.
    func perform(_ row: BatchRow, begin: (Run) -> Void) -> BatchOutcome {
        let key = row.key(pipeline)
        if !doesAgain, journal.isDone(key) { return .doneBefore }
        var own = loader
        let outcome: BatchOutcome
        do throws(PipelineError) {
            outcome = try run(row, key, &own, begin)
        } catch {
            outcome = .failed(BatchFailure(error))
        }
        guard case .failed(let failure) = outcome else { return outcome }
        let masked = failure.masked(own.console.mask)
        journal.failed(row, key, masked)
        return .failed(masked)
    }

    /// What would be done with a row; nothing is run.
    func foresee(_ row: BatchRow) throws(PipelineError) -> BatchOutcome {
        if !doesAgain, journal.isDone(row.key(pipeline)) { return .doneBefore }
        var own = loader
        let (checked, faults) = try own.check(request(for: row), .run)
        guard let checked else { return .failed(BatchFailure(faults, file: request.name)) }
        return skipsExisting && Self.isThere(checked) ? .skipped : .done(seconds: 0)
    }

    private func run(
        _ row: BatchRow, _ key: Fingerprint, _ loader: inout PipelineLoader, _ begin: (Run) -> Void
    ) throws(PipelineError) -> BatchOutcome {
        let (pipeline, faults) = try loader.check(request(for: row), .run)
        guard let checked = pipeline else { return .failed(BatchFailure(faults, file: request.name)) }
        if let stream = (checked.reads + checked.writes).first(where: { $0.path == "-" }) {
            throw PipelineError(
                .usage, at: "nodes.\(stream.node)", "standard input and output are for one run; give it a file")
        }
        if skipsExisting, Self.isThere(checked) { return .skipped }
        // Before it is read: what changes while it is read is not what was done.
        let reads = checked.reads.compactMap { FileIdentity(of: $0.path) }
        for write in checked.writes {
            let code = Folder.make(Folder.of(write.path))
            if code != 0 {
                throw PipelineError(
                    .cannotCreate, at: "nodes.\(write.node)",
                    "cannot make the folder of \(Shown.plain(write.path, limit: 200))",
                    cause: String(cString: strerror(code)))
            }
        }
        let report = try reportFolder.map { folder throws(PipelineError) in
            try ReportFile(Folder.join(folder, Self.reportName(row)))
        }
        do throws(PipelineError) {
            let outcome = try run(checked, row, report, loader.console, begin)
            if case .done = outcome {
                journal.done(row, key, reads: reads, writes: checked.writes.compactMap { FileIdentity(of: $0.path) })
            }
            return outcome
        } catch {
            report?.discard()
            throw error
        }
    }

    private func run(
        _ checked: CheckedPipeline, _ row: BatchRow, _ reportFile: ReportFile?, _ console: Console,
        _ begin: (Run) -> Void
    ) throws(PipelineError) -> BatchOutcome {
        let mask = console.mask
        var options = Run.Options(duration: duration)
        options.onNotice = { event in
            onNotice(row, mask.mask("nodes.\(event.node): \(RunCommand.words(event))"))
        }
        let (prepared, faults) = try Run.prepare(
            checked, registry: loader.registry, driver: OfflineDriver.name, options: options)
        guard let run = prepared else {
            reportFile?.discard()
            return .failed(BatchFailure(faults, file: request.name))
        }
        begin(run)
        let report = run.execute()
        switch report.outcome {
        case .stopped: reportFile?.discard()
        case .done, .failed:
            var members: [Value.Member] = [.init("row", .integer(row.number)), .init("title", .string(row.title))]
            if case .object(let figures) = report.value { members += figures }
            try reportFile?.write(mask.mask(.object(members)))
        }
        switch report.outcome {
        case .done: return .done(seconds: report.seconds)
        case .stopped: return .stopped
        case .failed(let error):
            let node = checked.nodes.first { error.path == $0.path || error.path.hasPrefix($0.path + ".") }
            return .failed(BatchFailure([Fault(error, position: node?.position)], file: request.name))
        }
    }

    private func request(for row: BatchRow) -> LoadRequest {
        var request = request
        request.variables = row.variables.map { "\($0.key)=\($0.value)" }
        return request
    }

    /// True: the row writes files, and they are all there.
    private static func isThere(_ checked: CheckedPipeline) -> Bool {
        !checked.writes.isEmpty && checked.writes.allSatisfy { FileIdentity(of: $0.path) != nil }
    }

    /// `000012-take.json`
    private static func reportName(_ row: BatchRow) -> String {
        let name = row.title.split(separator: "/").last.map(String.init) ?? "row"
        let stem = name.dropFirst().lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        return "\(PathTemplate.digits(row.number))-\(stem.prefix(60)).json"
    }
}

extension BatchFailure {
    /// Without secrets.
    fileprivate func masked(_ mask: SecretMask) -> BatchFailure { BatchFailure(code, lines.map(mask.mask)) }

    private init(_ code: PipelineError.Code, _ lines: [String]) {
        self.code = code
        self.lines = lines
    }
}
