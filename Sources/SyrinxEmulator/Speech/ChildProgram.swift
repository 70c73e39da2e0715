internal import Glibc

/// Runs a small program to its end: text in, bytes out.
enum ChildProgram {
    struct Failure: Error {
        let words: String
    }

    /// The file that a name means by PATH; nil if there is none.
    static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// What the program writes to standard output.
    ///
    /// It gets the input as a file, an empty standard error, no other descriptor of ours, and the system's own signals.
    ///
    /// - Parameters:
    ///   - limit: bytes of output; more end it.
    ///   - seconds: so long it may take; then it is killed.
    /// - Thread: control; blocks.
    static func run(
        _ program: String, _ arguments: [String], input: [UInt8], limit: Int, seconds: Int
    ) throws(Failure) -> [UInt8] {
        // A file in memory: nobody has to feed a pipe that may break.
        let file = memfd_create("syrinx-text", UInt32(MFD_CLOEXEC))
        guard file >= 0 else { throw Failure(words: "memfd_create: \(system(errno))") }
        defer { close(file) }
        let written = input.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == input.count, lseek(file, 0, SEEK_SET) == 0 else { throw Failure(words: system(errno)) }
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, Int32(O_CLOEXEC)) == 0 else { throw Failure(words: "pipe: \(system(errno))") }
        defer { close(ends[0]) }
        let child: pid_t
        do throws(Failure) {
            child = try spawn(program, arguments, input: file, output: ends[1])
        } catch {
            close(ends[1])
            throw error
        }
        close(ends[1])
        let (bytes, isWhole) = read(ends[0], limit: limit, seconds: seconds)
        if !isWhole { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard isWhole else { throw Failure(words: "it took longer than \(seconds) s, or said too much") }
        guard status == 0 else { throw Failure(words: "it ended with status \(status >> 8 & 0xFF)") }
        return bytes
    }

    private static func spawn(
        _ program: String, _ arguments: [String], input: Int32, output: Int32
    ) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or blocks is no business of the child's.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"].map { strdup($0) } + [nil]
        defer { for word in words + environment { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, program, &actions, &attributes, &words, &environment)
        guard code == 0 else { throw Failure(words: "cannot be started: \(system(code))") }
        return child
    }

    private static func read(_ file: Int32, limit: Int, seconds: Int) -> (bytes: [UInt8], isWhole: Bool) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let end = milliseconds() + 1_000 * seconds
        while bytes.count <= limit {
            let left = end - milliseconds()
            guard left > 0 else { return (bytes, false) }
            var poll = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            let ready = Glibc.poll(&poll, 1, Int32(left))
            if ready < 0, errno != EINTR { return (bytes, false) }
            if ready <= 0 { continue }
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count == 0 { return (bytes, true) }
            if count < 0 {
                if errno == EINTR { continue }
                return (bytes, false)
            }
            bytes += chunk[..<count]
        }
        return (bytes, false)
    }

    private static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }

    private static func system(_ code: Int32) -> String { String(cString: strerror(code)) }
}
