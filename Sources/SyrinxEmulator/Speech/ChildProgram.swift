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
    /// It reads and writes files that have no name, so nobody has to feed a pipe that may break; its standard error goes
    /// nowhere, and it gets the system's own signals.
    ///
    /// - Parameters:
    ///   - limit: bytes of output that are read.
    ///   - seconds: so long it may take; then it is killed.
    /// - Thread: control; blocks.
    static func run(
        _ program: String, _ arguments: [String], input: [UInt8], limit: Int, seconds: Int
    ) throws(Failure) -> [UInt8] {
        let (text, sound) = (try scratch(), try scratch())
        defer {
            close(text)
            close(sound)
        }
        let written = input.withUnsafeBytes { write(text, $0.baseAddress, $0.count) }
        guard written == input.count, lseek(text, 0, SEEK_SET) == 0 else { throw Failure(words: system(errno)) }
        let child = try spawn(program, arguments, input: text, output: sound)
        let end = milliseconds() + 1_000 * seconds
        var status: Int32 = 0
        while true {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child { break }
            if ended < 0, errno != EINTR { throw Failure(words: "waitpid: \(system(errno))") }
            if milliseconds() > end {
                kill(child, SIGKILL)
                while waitpid(child, &status, 0) < 0, errno == EINTR {}
                throw Failure(words: "it took longer than \(seconds) s")
            }
            _ = poll(nil, 0, 2)
        }
        guard status & 0x7F == 0 else { throw Failure(words: "it was ended by signal \(status & 0x7F)") }
        guard status == 0 else { throw Failure(words: "it ended with status \(status >> 8 & 0xFF)") }
        return try contents(sound, limit: limit)
    }

    /// A file without a name, which no other child inherits.
    private static func scratch() throws(Failure) -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let path = "\(folder)/syrinx-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure(words: "\(path): \(system(errno))") }
        unlink(path)
        return file
    }

    private static func contents(_ file: Int32, limit: Int) throws(Failure) -> [UInt8] {
        guard lseek(file, 0, SEEK_SET) == 0 else { throw Failure(words: system(errno)) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(words: system(errno))
            }
            bytes += chunk[..<count]
        }
        throw Failure(words: "it said more than \(limit) bytes")
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
        var words = strings([program] + arguments)
        var environment = strings(["PATH=/usr/bin:/bin", "LANG=C.UTF-8"])
        defer { for word in words + environment { free(word) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, program, &actions, &attributes, &words, &environment)
        guard code == 0 else { throw Failure(words: "cannot be started: \(system(code))") }
        return child
    }

    private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { text in strdup(text) } + [nil]
    }

    private static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }

    private static func system(_ code: Int32) -> String { String(cString: strerror(code)) }
}
