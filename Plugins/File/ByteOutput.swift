internal import Glibc
internal import SyrinxCore
internal import SyrinxSoundFile

/// Bytes on their way into a file: small writes are gathered, large ones pass through, and the system's error is kept.
///
/// libsndfile writes through ``callbacks``, everything else by the methods.
///
/// - Thread: one at a time.
final class ByteOutput {
    private let file: OutputFile
    private let isCancelled: () -> Bool
    private let buffer: UnsafeMutablePointer<UInt8>
    private let capacity = 65_536
    /// Bytes in the buffer; they belong at `position − buffered`.
    private var buffered = 0
    /// Where the next byte goes.
    private(set) var position = 0
    /// One past the last byte.
    private(set) var length = 0
    /// The system's error number, once something failed; nothing is written from then on.
    private(set) var failure: Int32?
    /// On a stream: somebody went back to bytes that have left already, and what they write there is lost.
    private var isAstray = false

    init(_ file: OutputFile, isCancelled: @escaping () -> Bool) {
        self.file = file
        self.isCancelled = isCancelled
        buffer = .allocate(capacity: capacity)
    }

    deinit { buffer.deallocate() }

    /// Writes at the position. Returns: false after a failure.
    @discardableResult
    func write(_ bytes: UnsafeRawPointer, count: Int) -> Bool {
        if isAstray { return true }
        if count >= capacity / 2 {
            guard flush(), push(bytes, count: count, at: position) else { return false }
        } else {
            if buffered + count > capacity, !flush() { return false }
            UnsafeMutableRawPointer(buffer + buffered).copyMemory(from: bytes, byteCount: count)
            buffered += count
        }
        position += count
        length = max(length, position)
        return failure == nil
    }

    /// Forgets what is gathered, and writes nothing from now on.
    func discard() {
        buffered = 0
        if failure == nil { failure = ECANCELED }
    }

    /// Goes to a place in the file. Returns: false where a stream cannot go back.
    func seek(to place: Int) -> Bool {
        if place < 0 { return false }
        if file.kind == .stream {
            isAstray = place != length
            return !isAstray
        }
        if place != position {
            flush()
            position = place
        }
        return true
    }

    /// Hands the gathered bytes to the system. Returns: false after a failure.
    @discardableResult
    func flush() -> Bool {
        if buffered > 0 {
            let count = buffered
            buffered = 0
            if !push(buffer, count: count, at: position - count) { return false }
        }
        return failure == nil
    }

    private func push(_ bytes: UnsafeRawPointer, count: Int, at place: Int) -> Bool {
        if failure != nil { return false }
        var done = 0
        while done < count {
            let left = count - done
            let written: Int
            if file.kind == .stream {
                guard waitForRoom() else { return false }
                written = Glibc.write(file.descriptor, bytes + done, min(left, streamPiece))
            } else {
                written = pwrite(file.descriptor, bytes + done, left, off_t(place + done))
            }
            if written > 0 {
                done += written
            } else if written == 0 {
                failure = EIO
                return false
            } else if errno != EINTR, errno != EAGAIN {
                failure = errno
                return false
            }
        }
        return true
    }

    /// How much may be written at once. What a pipe that can wait says it has room for is a page; more would wait where
    /// nothing can cancel it.
    private lazy var streamPiece: Int = {
        var status = stat()
        let isRegular = fstat(file.descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        return isRegular || fcntl(file.descriptor, F_GETFL) & O_NONBLOCK != 0 ? Int.max : 4096
    }()

    private func waitForRoom() -> Bool {
        if file.descriptor < 0, !file.openFIFO(isCancelled: isCancelled) {
            failure = errno
            return false
        }
        while true {
            var request = pollfd(fd: file.descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&request, 1, 100) > 0 { return true }
            if isCancelled() {
                failure = ECANCELED
                return false
            }
        }
    }

    /// How libsndfile writes here; its `io` is an unretained reference to the output.
    static let callbacks = SoundFile.Callbacks(
        length: { io in Int64(ByteOutput.from(io).length) },
        seek: { offset, whence, io in
            let output = ByteOutput.from(io)
            let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? output.position : output.length
            return output.seek(to: base + Int(offset)) ? Int64(output.position) : -1
        },
        read: { _, _, _ in 0 },
        write: { bytes, count, io in
            guard let bytes else { return 0 }
            return ByteOutput.from(io).write(bytes, count: Int(count)) ? count : 0
        },
        tell: { io in Int64(ByteOutput.from(io).position) })

    private static func from(_ io: UnsafeMutableRawPointer?) -> ByteOutput {
        guard let io else { preconditionFailure("libsndfile lost its output") }
        return Unmanaged<ByteOutput>.fromOpaque(io).takeUnretainedValue()
    }
}
