internal import SyrinxCore

/// Why a row failed.
struct BatchFailure: Sendable {
    let code: PipelineError.Code
    /// All its faults, a line each.
    let lines: [String]

    /// An error without a place in the pipeline's file.
    init(_ error: PipelineError) {
        code = error.code
        lines = [error.description]
    }

    /// - Parameter faults: one error at least.
    init(_ faults: [Fault], file: String) {
        let errors = faults.filter { $0.severity == .error }
        code = errors.first?.error.code ?? .internal
        lines = errors.map { $0.line(file: file) }
    }

    /// As it stands in journals and reports.
    var value: Value {
        .object([
            .init("code", .string(code.name)), .init("exit_code", .integer(Int(code.exitCode))),
            .init("message", .string(lines.joined(separator: "\n"))),
        ])
    }
}

/// What became of a row.
enum BatchOutcome: Sendable {
    /// It ran, so many seconds of sound.
    case done(seconds: Double)
    /// The journal says that it is done.
    case doneBefore
    /// Its targets were there (`--skip-existing`).
    case skipped
    case failed(BatchFailure)
    /// The batch was stopped while it ran, or before.
    case stopped
}

/// How many rows ended how, and the first failures.
struct BatchTally: Sendable {
    /// Failures that are kept for the report.
    static let failureLimit = 1000

    var done = 0
    var doneBefore = 0
    var skipped = 0
    var failed = 0
    /// Seconds of sound.
    var seconds = 0.0
    private(set) var failures: [(row: BatchRow, failure: BatchFailure)] = []

    var ended: Int { done + doneBefore + skipped + failed }

    mutating func add(_ row: BatchRow, _ outcome: BatchOutcome) {
        switch outcome {
        case .done(let seconds):
            done += 1
            self.seconds += seconds
        case .doneBefore: doneBefore += 1
        case .skipped: skipped += 1
        case .failed(let failure):
            failed += 1
            if failures.count < Self.failureLimit { failures.append((row, failure)) }
        case .stopped: return
        }
    }

    /// The file of `--report`.
    func report(pipeline: String, rows: Int, jobs: Int, wallTime: Double, outcome: String) -> Value {
        .object([
            .init("pipeline", .string(pipeline)), .init("outcome", .string(outcome)), .init("rows", .integer(rows)),
            .init("done", .integer(done)), .init("done_before", .integer(doneBefore)),
            .init("skipped", .integer(skipped)), .init("failed", .integer(failed)),
            .init("jobs", .integer(jobs)), .init("seconds", .number(seconds)), .init("wall_s", .number(wallTime)),
            .init("files_per_s", .number(wallTime > 0 ? Double(done) / wallTime : 0)),
            .init("speed_ratio", .number(wallTime > 0 ? seconds / wallTime : 0)),
            .init(
                "failures",
                .list(
                    failures.sorted { $0.row.number < $1.row.number }.map { row, failure in
                        .object([
                            .init("row", .integer(row.number)), .init("title", .string(row.title)),
                            .init("error", failure.value),
                        ])
                    })),
            .init("failures_left_out", .integer(failed - failures.count)),
        ])
    }
}
