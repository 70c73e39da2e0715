internal import ArgumentParser
internal import Glibc
internal import SyrinxCore

/// The file of `--report`: there whole, or not at all.
///
/// Created before the run, so that a run of hours does not end with a report that cannot be written.
struct ReportFile {
    private let path: String
    private let file: Int32

    /// - Throws: `.cannotCreate`.
    init(_ path: String) throws(PipelineError) {
        self.path = path
        if path == "-" {
            file = STDOUT_FILENO
            return
        }
        file = open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if file < 0 {
            throw PipelineError(
                .cannotCreate, at: path, "cannot create the report", cause: String(cString: strerror(errno)))
        }
    }

    /// Writes the report and gives it its name.
    ///
    /// - Throws: `.inputOutput`.
    func write(_ text: String) throws(PipelineError) {
        do throws(ExitCode) {
            try Console.write(text, to: file)
        } catch {
            throw PipelineError(
                .inputOutput, at: path, "cannot write the report", cause: String(cString: strerror(errno)))
        }
        if path == "-" { return }
        close(file)
        if rename(path + ".part", path) != 0 {
            throw PipelineError(
                .inputOutput, at: path, "cannot write the report", cause: String(cString: strerror(errno)))
        }
    }

    /// Leaves nothing behind.
    func discard() {
        if path == "-" { return }
        close(file)
        unlink(path + ".part")
    }
}
