internal import Glibc
internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// Tells when a file has been written anew, also by an editor that writes another file and gives it the name.
///
/// So the folder is watched, by inotify. Several changes in a row are told once, when it has been quiet for a tenth of a
/// second.
public final class FileWatch: Sendable {
    /// How long it must have been quiet, in milliseconds.
    private static let quiet: Int32 = 100

    private let events: Int32
    /// A pipe: what is written to it ends the watch.
    private let wakeReader: Int32
    private let wakeWriter: Int32
    private let thread = Locked<ServiceThread?>(nil)

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - path: the file; it need not be there yet, its folder must.
    ///   - onChange: called on a thread of the watch's.
    /// - Throws: `.missingInput` if the folder cannot be watched, `.unavailable` if the system has no more watches.
    /// - Thread: control.
    public init(_ path: String, onChange: @escaping @Sendable () -> Void) throws(PipelineError) {
        let (folder, name) = Self.split(path)
        let events = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard events >= 0 else {
            throw PipelineError(
                .unavailable, at: path, "cannot watch files", cause: String(cString: strerror(errno)))
        }
        let mask = UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO)
        guard inotify_add_watch(events, folder, mask) >= 0 else {
            let cause = String(cString: strerror(errno))
            close(events)
            throw PipelineError(.missingInput, at: folder, "cannot watch the folder of \(path)", cause: cause)
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let cause = String(cString: strerror(errno))
            close(events)
            throw PipelineError(.unavailable, at: path, "cannot watch files", cause: cause)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (self.events, wakeReader, wakeWriter) = (events, ends[0], ends[1])
        let wake = ends[0]
        let started = try ServiceThread(name: "watch") {
            Self.watch(events, wake, name: Array(name.utf8), onChange)
        }
        thread.withLock { $0 = started }
    }

    deinit {
        stop()
        close(events)
        close(wakeReader)
        close(wakeWriter)
    }

    /// Ends the watch, and waits for a call of `onChange` that is under way. Thread: any but that of `onChange`.
    public func stop() {
        var one: UInt8 = 1
        _ = write(wakeWriter, &one, 1)
        let started = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        started?.join()
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    private static func watch(_ events: Int32, _ wake: Int32, name: [UInt8], _ onChange: () -> Void) {
        var isPending = false
        while true {
            var waits = [
                pollfd(fd: events, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            let found = poll(&waits, 2, isPending ? quiet : -1)
            if found < 0, errno != EINTR { return }
            if waits[1].revents != 0 { return }
            if found == 0, isPending {
                isPending = false
                onChange()
            }
            if waits[0].revents != 0, read(events, name) { isPending = true }
        }
    }

    /// Takes what has happened in the folder. Returns: true if the file is concerned.
    private static func read(_ events: Int32, _ name: [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var isConcerned = false
        while true {
            let count = Glibc.read(events, &buffer, buffer.count)
            if count <= 0 { return isConcerned }
            // An entry: watch, mask, cookie and length of the name, 32 bits each; then the name, filled up with zeros.
            var place = 0
            while place + 16 <= count {
                let (mask, length) = buffer.withUnsafeBytes { bytes in
                    (
                        bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self),
                        Int(bytes.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
                    )
                }
                let end = min(place + 16 + length, count)
                let found = buffer[place + 16..<end].prefix { $0 != 0 }
                // Where the queue overflowed, anything may have happened.
                if found.elementsEqual(name) || mask & UInt32(IN_Q_OVERFLOW) != 0 { isConcerned = true }
                place += 16 + length
            }
        }
    }
}
