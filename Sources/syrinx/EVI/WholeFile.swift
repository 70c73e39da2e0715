internal import Glibc
internal import SyrinxCore

/// A file that appears whole or not at all: written as `PATH.part`, then renamed.
///
/// - Thread: any, one at a time.
struct WholeFile: Sendable {
    let path: String
    private let file: Int32
    private var part: String { path + ".part" }

    /// - Throws: `.cannotCreate`.
    init(_ path: String) throws(PipelineError) {
        self.path = path
        file = open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if file < 0 { throw Self.error(.cannotCreate, path, "cannot create the file") }
    }

    /// - Throws: `.inputOutput`.
    func write(_ bytes: [UInt8]) throws(PipelineError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.error(.inputOutput, path, "cannot write the file")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives the file its name. Call this or ``discard()``, once.
    ///
    /// - Throws: `.inputOutput`.
    func finish() throws(PipelineError) {
        // Some file systems tell of a full disk only here.
        let isClosed = close(file) == 0
        guard isClosed, rename(part, path) == 0 else {
            let error = Self.error(.inputOutput, path, "cannot write the file")
            unlink(part)
            throw error
        }
    }

    /// Leaves nothing behind.
    func discard() {
        close(file)
        unlink(part)
    }

    private static func error(_ code: PipelineError.Code, _ path: String, _ words: String) -> PipelineError {
        PipelineError(code, at: Shown.plain(path, limit: 200), words, cause: String(cString: strerror(errno)))
    }
}
