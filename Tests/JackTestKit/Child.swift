internal import CSpawn
internal import Foundation
internal import Glibc

/// A program that a test started, with no threads or descriptors beyond the two that it may be spoken to through.
final class Child {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// 0: it has ended.
    private(set) var process: pid_t = 0
    /// Where it is spoken to; -1: nowhere.
    private var line: Int32 = -1
    private var read = ""

    /// - Parameters:
    ///   - talks: true: ``say(_:)`` and ``answer()`` work; false: it reads nothing, and what it prints goes to `log`.
    init(_ arguments: [String], environment: [String: String], talks: Bool = false, log: String = "/dev/null") throws {
        var ends: [Int32] = [-1, -1]
        if talks {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
                throw Failure(description: "no socket: \(String(cString: strerror(errno)))")
            }
            // One that stands still is told from one that is slow.
            var patience = timeval(tv_sec: 120, tv_usec: 0)
            setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        } else {
            ends[1] = open(log, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        }
        line = ends[0]
        defer { close(ends[1]) }
        let system = ProcessInfo.processInfo.environment
        var variables = environment
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] where variables[name] == nil { variables[name] = system[name] }
        let words = arguments.map { strdup($0) } + [nil]
        let settings = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for word in words + settings { free(word) } }
        let code = spawn_program(&process, words, settings, ends[1], ends[1], talks ? 2 : ends[1])
        guard code == 0 else {
            process = 0
            throw Failure(description: "cannot start \(arguments[0]): \(String(cString: strerror(code)))")
        }
    }

    deinit { end() }

    /// Sends one line of words.
    func say(_ words: [String]) throws {
        let bytes = Array((words.joined(separator: "\t") + "\n").utf8)
        guard send(line, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(description: "it listens no more")
        }
    }

    /// The next line that it says, as words.
    func answer() throws -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !read.contains("\n") {
            let count = recv(line, &buffer, buffer.count, 0)
            guard count >= 0 else { throw Failure(description: "no answer: \(String(cString: strerror(errno)))") }
            guard count > 0 else { throw Failure(description: "it ended without an answer") }
            read += String(decoding: buffer[..<count], as: UTF8.self)
        }
        let end = read.firstIndex(of: "\n") ?? read.endIndex
        let words = String(read[..<end])
        read.removeSubrange(...end)
        return words.components(separatedBy: "\t")
    }

    /// Sends a signal, if it still runs.
    func signal(_ number: Int32) { if process > 0 { kill(process, number) } }

    /// True: it has ended by now.
    func hasEnded() -> Bool {
        if process > 0, waitpid(process, nil, WNOHANG) != 0 { process = 0 }
        return process == 0
    }

    /// Waits for its end.
    ///
    /// - Parameter seconds: then it is killed.
    /// - Returns: its exit code, or 128 and the signal that ended it.
    @discardableResult
    func wait(atMost seconds: Double = 10) -> Int32 {
        guard process > 0 else { return -1 }
        let deadline = ContinuousClock.now + .seconds(seconds)
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 {
            if ContinuousClock.now > deadline { kill(process, SIGKILL) }
            usleep(2_000)
        }
        process = 0
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    /// Closes its input and waits for its end.
    func end() {
        if line >= 0 { close(line) }
        line = -1
        wait()
    }
}
