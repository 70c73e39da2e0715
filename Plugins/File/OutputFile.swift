internal import Glibc
internal import SyrinxCore

/// An output that appears under its name whole, or not at all: written as `TARGET.part`, renamed at the end.
///
/// What exists and is no regular file (a device, a FIFO), and standard output, is written to directly.
///
/// - Thread: one at a time. `deinit` removes what was not committed.
final class OutputFile {
    /// What the output is, as far as writing goes.
    enum Kind {
        /// A regular file.
        case file
        /// Bytes can only be appended.
        case stream
        /// It takes bytes anywhere and keeps none (`/dev/null`).
        case device
    }

    /// As the user gave it.
    let path: String
    /// −1 while a FIFO waits for a reader (``openFIFO(isCancelled:)``).
    private(set) var descriptor: Int32
    let kind: Kind
    /// A part that an earlier run left behind: where it lies now, or nil if it was overwritten.
    private(set) var leftOver: LeftOver?
    private let target: String
    private let part: String?
    private let overwrites: Bool
    private var isOpen = true
    private var isCommitted = false

    enum LeftOver {
        case overwritten(String)
        case movedTo(String)
    }

    /// Creates the output.
    ///
    /// - Parameters:
    ///   - overwrite: false: a file that is there already is a fault.
    ///   - keepLeftOver: true: a part of an earlier run is moved aside instead of overwritten.
    /// - Throws: `.cannotCreate`.
    init(_ path: String, overwrite: Bool, keepLeftOver: Bool) throws(PipelineError) {
        self.path = path
        overwrites = overwrite
        if path == "-" {
            (descriptor, kind, target, part) = (try Self.openStandardOutput(), Self.kindOfStandardOutput(), path, nil)
            return
        }
        var status = stat()
        let exists = stat(path, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR { throw .cannotWrite(path, EISDIR) }
        if exists, status.st_mode & S_IFMT != S_IFREG {
            if access(path, W_OK) != 0 { throw .cannotWrite(path, errno) }
            let isFIFO = status.st_mode & S_IFMT == S_IFIFO
            let opened = isFIFO ? -1 : open(path, O_WRONLY | O_CLOEXEC)
            if opened < 0, !isFIFO { throw .cannotWrite(path, errno) }
            (descriptor, kind, target, part) = (opened, isFIFO ? .stream : .device, path, nil)
            return
        }
        if exists, !overwrite { throw Self.existsAlready(path) }
        if exists, access(path, W_OK) != 0 { throw .cannotWrite(path, errno) }
        let target = exists ? Self.resolved(path) : path
        self.target = target
        let part = target + ".part"
        self.part = part
        kind = .file
        (descriptor, leftOver) = try Self.create(part, for: path, keepLeftOver: keepLeftOver)
    }

    deinit {
        abandon()
    }

    /// Opens a FIFO once somebody reads it. Returns: false if it was cancelled, or `errno` says why not.
    func openFIFO(isCancelled: () -> Bool) -> Bool {
        while descriptor < 0 {
            descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if descriptor >= 0 { break }
            if errno != ENXIO, errno != EINTR { return false }
            if isCancelled() {
                errno = ECANCELED
                return false
            }
            usleep(10_000)
        }
        return true
    }

    /// Closes what has been written in full; ``commit()`` gives it its name.
    ///
    /// - Throws: `.inputOutput` if the last bytes cannot be written.
    func seal() throws(PipelineError) {
        guard isOpen else { return }
        isOpen = false
        if descriptor < 0 || close(descriptor) == 0 { return }
        let code = errno
        guard let part else { return }
        unlink(part)
        isCommitted = true
        throw .writingFailed(path, code, after: 0, isWhole: true)
    }

    /// Gives the output its name.
    ///
    /// - Throws: `.inputOutput` if the last bytes cannot be written, `.cannotCreate` if the name cannot be given.
    func commit() throws(PipelineError) {
        try seal()
        if isCommitted { return }
        isCommitted = true
        guard let part else { return }
        if overwrites {
            if rename(part, target) == 0 { return }
        } else if link(part, target) == 0 {
            unlink(part)
            return
        } else if errno != EEXIST, access(target, F_OK) != 0, rename(part, target) == 0 {
            return  // a file system without links
        }
        let code = errno
        unlink(part)
        throw code == EEXIST ? Self.existsAlready(path) : .cannotWrite(path, code)
    }

    /// Removes what was written, unless it was committed.
    func abandon() {
        if isOpen, descriptor >= 0 { close(descriptor) }
        isOpen = false
        if !isCommitted, let part { unlink(part) }
        isCommitted = true
    }

    // MARK: Creating

    private static func existsAlready(_ path: String) -> PipelineError {
        PipelineError(.cannotCreate, at: path, "the file exists already, and overwrite is false")
    }

    /// Through symbolic links, so that a link stays one.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    /// Creates the part and locks it, so that a part which somebody writes just now is told from one left behind.
    private static func create(
        _ part: String, for path: String, keepLeftOver: Bool
    ) throws(PipelineError) -> (Int32, LeftOver?) {
        var leftOver: LeftOver?
        for _ in 0..<100 {
            let descriptor = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                flock(descriptor, LOCK_EX | LOCK_NB)
                return (descriptor, leftOver)
            }
            if errno != EEXIST { throw .cannotWrite(path, errno) }
            let old = open(part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            if old < 0 {
                if errno == ENOENT { continue }
                throw PipelineError(
                    .cannotCreate, at: path, "\(part) is in the way and cannot be opened", cause: systemMessage(errno))
            }
            defer { close(old) }
            if flock(old, LOCK_EX | LOCK_NB) != 0 {
                throw PipelineError(.cannotCreate, at: path, "something else is writing it just now, as \(part)")
            }
            if keepLeftOver {
                var number = 1
                while access("\(part).\(number)", F_OK) == 0 { number += 1 }
                if rename(part, "\(part).\(number)") != 0 { throw .cannotWrite(path, errno) }
                leftOver = .movedTo("\(part).\(number)")
            } else {
                if unlink(part) != 0 { throw .cannotWrite(path, errno) }
                leftOver = .overwritten(part)
            }
        }
        throw PipelineError(.cannotCreate, at: path, "\(part) comes back as often as it is removed")
    }

    private static func kindOfStandardOutput() -> Kind {
        var status = stat()
        fstat(1, &status)
        return status.st_mode & S_IFMT == S_IFCHR && isatty(1) == 0 ? .device : .stream
    }

    private static func openStandardOutput() throws(PipelineError) -> Int32 {
        if isatty(1) != 0 {
            throw PipelineError(
                .cannotCreate, at: shown("-", output: true),
                "audio is not written to a terminal; send it to a file or a pipe")
        }
        // A pipe is opened anew, so that our way of not waiting for it does not show in other processes.
        var status = stat()
        if fstat(1, &status) == 0, status.st_mode & S_IFMT == S_IFIFO {
            let descriptor = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if descriptor >= 0 { return descriptor }
        }
        let descriptor = fcntl(1, F_DUPFD_CLOEXEC, 3)
        if descriptor < 0 { throw .cannotWrite("-", errno) }
        return descriptor
    }
}
