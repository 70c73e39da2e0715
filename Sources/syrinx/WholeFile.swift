internal import Glibc
internal import SyrinxCore

/// A file that appears whole or not at all: written as `PATH.part`, then renamed. A link stays one.
///
/// What exists and is no regular file (a device, a FIFO), and what standard output is, is written to directly.
///
/// - Thread: any, one at a time.
final class WholeFile: Sendable {
    let path: String
    /// As errors call it.
    private let name: String
    private let file: Int32
    /// The name that it gets; nil: it is written to directly.
    private let target: String?
    private nonisolated(unsafe) var isOpen = true
    private var part: String { (target ?? path) + ".part" }

    /// - Parameter name: as errors call it.
    /// - Throws: `.cannotCreate`.
    init(_ path: String, name: String = "the file") throws(PipelineError) {
        (self.path, self.name) = (path, name)
        var (status, output) = (stat(), stat())
        let exists = stat(path, &status) == 0
        if exists, fstat(STDOUT_FILENO, &output) == 0,
            (status.st_dev, status.st_ino) == (output.st_dev, output.st_ino)
        {
            (target, file) = (nil, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3))
        } else if exists, status.st_mode & S_IFMT != S_IFREG {
            (target, file) = (nil, open(path, O_WRONLY | O_CLOEXEC))
        } else {
            let target = exists ? Self.resolved(path) : path
            (self.target, file) = (target, open(target + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666))
        }
        if file < 0 { throw error(.cannotCreate, "cannot create") }
    }

    /// - Throws: `.inputOutput`.
    func write(_ bytes: [UInt8]) throws(PipelineError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw error(.inputOutput, "cannot write")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives the file its name.
    ///
    /// - Throws: `.inputOutput`; nothing is left behind then.
    func finish() throws(PipelineError) {
        isOpen = false
        // Some file systems tell of a full disk only here.
        let isClosed = close(file) == 0
        guard let target else {
            if !isClosed { throw error(.inputOutput, "cannot write") }
            return
        }
        guard isClosed, rename(part, target) == 0 else {
            let error = error(.inputOutput, "cannot write")
            unlink(part)
            throw error
        }
    }

    /// Leaves nothing behind, unless the file has got its name.
    func discard() {
        if !isOpen { return }
        isOpen = false
        close(file)
        if target != nil { unlink(part) }
    }

    /// Where symbolic links lead.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private func error(_ code: PipelineError.Code, _ words: String) -> PipelineError {
        PipelineError(
            code, at: Shown.plain(path, limit: 200), "\(words) \(name)", cause: String(cString: strerror(errno)))
    }
}
