internal import Glibc
internal import SyrinxCore

/// A text file that is written piece by piece, each on disk before the next begins; `-` is standard output.
// SAFETY: the contract of EventReceiver: one thread at a time writes.
final class TextOutput: @unchecked Sendable {
    private let descriptor: Int32
    private let path: String
    private let place: String

    /// Creates the file, or empties it.
    ///
    /// - Parameter place: of the path in the pipeline file, for errors.
    init(_ path: String, place: String) throws(PipelineError) {
        self.path = path
        self.place = place
        if path == "-" {
            descriptor = STDOUT_FILENO
        } else {
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            if descriptor < 0 {
                throw PipelineError(
                    .cannotCreate, at: place, "cannot create \(path)", cause: String(cString: strerror(errno)))
            }
        }
    }

    deinit { if path != "-", descriptor >= 0 { close(descriptor) } }

    func append(_ text: String) throws(PipelineError) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                bytes.baseAddress.map { write(descriptor, $0 + written, bytes.count - written) } ?? 0
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw PipelineError(
                    .inputOutput, at: place, "cannot write to \(path)", cause: String(cString: strerror(errno)))
            }
            written += count
        }
    }
}
