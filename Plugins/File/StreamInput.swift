internal import Glibc
internal import Synchronization
internal import SyrinxCore

/// Bytes that come once and in order: a pipe, a FIFO, a terminal. Waiting for them can be cancelled.
///
/// - Thread: one at a time, ``cancel()`` any.
final class StreamInput: StreamHeader.Bytes {
    private let descriptor: Int32
    private let isCancelled = Atomic<Bool>(false)
    /// True: something has come.
    private var hasBegun = false
    /// True: nothing more will come.
    private(set) var isAtEnd = false
    /// The system's error number, if reading failed.
    private(set) var failure: Int32?

    /// - Parameter descriptor: is closed with the object.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Reads up to `count` bytes, and waits for the first of them.
    ///
    /// - Returns: 0 at the end, after a failure, or when cancelled.
    func readSome(_ bytes: UnsafeMutableRawPointer, count: Int) -> Int {
        while !isAtEnd {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&request, 1, 100) <= 0 {
                if isCancelled.load(ordering: .relaxed) { return 0 }
                // The system tells nobody that a FIFO's last writer has gone who opened it after that writer; reading
                // does. Before the first byte nothing to read only means that no writer has come yet.
                if !hasBegun || fcntl(descriptor, F_GETFL) & O_NONBLOCK == 0 { continue }
            }
            let taken = read(descriptor, bytes, count)
            if taken > 0 {
                hasBegun = true
                return taken
            }
            if taken < 0, errno == EINTR || errno == EAGAIN { continue }
            if taken < 0 { failure = errno }
            isAtEnd = true
        }
        return 0
    }

    /// Reads `count` bytes, fewer only at the end.
    func readFully(_ bytes: UnsafeMutableRawPointer, count: Int) -> Int {
        var done = 0
        while done < count {
            let taken = readSome(bytes + done, count: count - done)
            if taken == 0 { break }
            done += taken
        }
        return done
    }

    func take(_ count: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = buffer.baseAddress.map { readFully($0, count: count) } ?? 0
        }
        return bytes.count == count ? bytes : nil
    }

    func skip(_ count: Int) -> Bool {
        var left = count
        while left > 0 {
            guard let taken = take(min(left, 65_536)) else { return false }
            left -= taken.count
        }
        return true
    }

    /// Copies everything to a nameless file, for formats that must be gone back in.
    ///
    /// - Parameter start: bytes that were read already.
    /// - Returns: the file's descriptor, at its beginning.
    func spool(after start: [UInt8], path: String) throws(PipelineError) -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
        var name = Array("\(folder)/syrinx-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        if file >= 0 {
            unlink(name)
            _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        }
        if file < 0 {
            throw PipelineError(
                .inputOutput, at: shown(path), "no room in \(folder) for what must be read whole before it is decoded",
                cause: systemMessage(errno))
        }
        var bytes = start
        while !bytes.isEmpty {
            var done = 0
            while done < bytes.count {
                let written = bytes.withUnsafeBytes { write(file, $0.baseAddress! + done, $0.count - done) }
                if written < 0 {
                    let code = errno
                    close(file)
                    throw PipelineError(
                        .inputOutput, at: shown(path), "cannot keep it in \(folder)", cause: systemMessage(code))
                }
                done += written
            }
            bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
                initialized = readSome(buffer.baseAddress!, count: 65_536)
            }
        }
        lseek(file, 0, SEEK_SET)
        return file
    }
}

/// Bytes of a file from a descriptor's beginning, its own position left alone.
struct FileBytes: StreamHeader.Bytes {
    let descriptor: Int32
    var position = 0

    mutating func take(_ count: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, pread(descriptor, buffer.baseAddress, count, off_t(position)))
        }
        position += count
        return bytes.count == count ? bytes : nil
    }

    mutating func skip(_ count: Int) -> Bool {
        position += count
        return true
    }
}
