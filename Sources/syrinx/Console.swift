internal import ArgumentParser
internal import Glibc
internal import SyrinxCore

/// Where the command's words go; secrets are masked on the way.
struct Console {
    var mask = SecretMask()

    /// Writes to standard output. A reader that has gone ends the command without a word.
    func print(_ text: String) throws {
        try Self.write(mask.mask(text), to: STDOUT_FILENO)
    }

    /// Writes a diagnostic to standard error, with a line's end.
    func say(_ text: String) {
        // Where standard error is gone, nobody is left to tell.
        try? Self.write(mask.mask(text) + "\n", to: STDERR_FILENO)
    }

    /// Writes a diagnostic for an error without a place in a file, and returns what to exit with.
    func fail(_ error: PipelineError) -> ExitCode {
        say("syrinx: \(error.description)")
        return ExitCode(error.code.exitCode)
    }

    /// What the body returns; an error of it is written to standard error.
    ///
    /// - Throws: ``ExitCode`` with the error's code.
    func orFail<T>(_ body: () throws(PipelineError) -> T) throws -> T {
        do throws(PipelineError) {
            return try body()
        } catch {
            throw fail(error)
        }
    }

    /// Writes every fault in its order.
    ///
    /// - Returns: the exit code of the first error; nil if there are only warnings.
    func report(_ faults: [Fault], file: String) -> ExitCode? {
        for fault in faults { say(fault.line(file: file)) }
        return faults.first { $0.severity == .error }.map { ExitCode($0.error.code.exitCode) }
    }

    /// True: standard error is a terminal that can rewrite a line.
    static var isTerminal: Bool {
        isatty(STDERR_FILENO) == 1 && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// Writes all of a text.
    ///
    /// - Throws: ``ExitCode`` 74 where it cannot be written; 0 where the reader of a pipe has read enough.
    static func write(_ text: String, to file: Int32) throws(ExitCode) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw errno == EPIPE ? ExitCode(0) : ExitCode(PipelineError.Code.inputOutput.exitCode)
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
