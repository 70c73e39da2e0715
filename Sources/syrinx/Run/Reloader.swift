internal import Glibc
internal import Synchronization
internal import SyrinxConfig
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxHost

/// Reads the pipeline file of a run again, with the same options, and lets the run become what it says.
///
/// - Thread: any; one reading at a time.
final class Reloader: Sendable {
    private let loader: Mutex<PipelineLoader>
    private let request: LoadRequest
    private let report: String?
    private let display: ProgressDisplay?

    init(_ loader: PipelineLoader, _ request: LoadRequest, report: String?, _ display: ProgressDisplay?) {
        self.loader = Mutex(loader)
        self.request = request
        self.report = report
        self.display = display
    }

    /// Knows the secrets of everything that was read.
    var console: Console { loader.withLock { $0.console } }

    /// Writes a line, whatever the display shows.
    func say(_ text: String) {
        display?.clear()
        console.say(text)
    }

    /// Reads the file, and edits the run. What is wrong is told, and changes nothing.
    func reload(_ run: Run) {
        let file = request.name
        if request.file == "-" {
            return say("\(file): standard input cannot be read again; give the pipeline as a file")
        }
        do throws(PipelineError) {
            let (checked, faults) = try loader.withLock { loader throws(PipelineError) in
                try loader.check(request, .run)
            }
            guard let checked else { return refuse(faults) }
            try StandardStreams.check(checked, pipeline: request.file, report: report)
            tell(faults)
            run.edit(checked) { [self] in tell($0) }
        } catch {
            refuse([Fault(error)])
        }
    }

    private func tell(_ outcome: EditOutcome) {
        let file = request.name
        switch outcome {
        case .done(let edit):
            tell(edit.warnings)
            say("\(file): edited: \(edit.changes.text)")
            for notice in edit.notices { say("\(file): nodes.\(notice.node): \(notice.message)") }
        case .refused(let faults): refuse(faults)
        case .incomplete(let faults):
            tell(faults)
            say("\(file): edited in part: what could not be opened again is silent")
        case .superseded, .ended: return
        }
    }

    private func refuse(_ faults: [Fault]) {
        tell(faults)
        say("\(request.name): not edited: what played before plays on")
    }

    private func tell(_ faults: [Fault]) { for fault in faults { say(fault.line(file: request.name)) } }
}
