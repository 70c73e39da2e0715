internal import Foundation
internal import Glibc

/// A JACK server of a test's own: `jackd` on the dummy driver, under a name that nobody else has.
///
/// ```swift
/// let server = try JackServer(rate: 48_000, period: 64)
/// defer { server.stop() }
/// let ports = try server.tool("jack_lsp").text
/// ```
///
/// One machine holds eight servers at most (``ServerName``), and libjack serves one a process: suites that start servers bear
/// the trait ``Testing/Trait/jackServer``, which runs their tests one after the other, whatever suite they are in.
/// - Thread: any, one call at a time.
public final class JackServer: Sendable {
    /// Why there can be no server here; nil: there can.
    public static let whyNot: String? =
        ["jackd", "jack_lsp"].first { program in
            !["/usr/bin/", "/usr/local/bin/"].contains { access($0 + program, X_OK) == 0 }
        }.map { "\($0) is not installed; apt-get install jackd2" }

    /// What a server said when it did not come up.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// For JACK_DEFAULT_SERVER.
    public let name: String
    /// What a program needs in its environment to find this server, and no other.
    public var environment: [String: String] {
        ["JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"]
    }

    private nonisolated(unsafe) var child: Child?
    public private(set) nonisolated(unsafe) var rate = 0
    public private(set) nonisolated(unsafe) var period = 0
    private let log: String
    private let lease: ServerName

    /// Starts a server and waits until it answers.
    ///
    /// - Parameters:
    ///   - rate: Hz.
    ///   - period: frames.
    public init(rate: Int = 48_000, period: Int = 64) throws {
        lease = try ServerName()
        name = lease.name
        log = FileManager.default.temporaryDirectory.appendingPathComponent("\(name).log").path
        try start(rate: rate, period: period)
    }

    deinit {
        stop()
        unlink(log)
        // What a killed server and its clients leave behind.
        let shared = "/dev/shm/"
        for file in (try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []
        where file.hasPrefix("jack_") && file.contains("_\(name)_") { unlink(shared + file) }
    }

    /// The server's process; 0: it does not run.
    public var process: Int32 { child?.process ?? 0 }

    /// What it has printed so far.
    public var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// Starts it again after ``stop()`` or ``kill()``; stops it first if it runs.
    public func restart(rate: Int? = nil, period: Int? = nil) throws {
        stop()
        try start(rate: rate ?? self.rate, period: period ?? self.period)
    }

    /// Ends it as a studio does: SIGTERM. Does nothing if it does not run.
    public func stop() { end(SIGTERM) }

    /// Ends it as a crash does: SIGKILL.
    public func kill() { end(SIGKILL) }

    /// Stops it where it stands, as a debugger does; ``resume()`` lets it go on.
    public func freeze() { child?.signal(SIGSTOP) }

    public func resume() { child?.signal(SIGCONT) }

    /// What a program left: its exit code, or 128 and the signal that ended it, and what it printed.
    public struct Outcome: Sendable {
        public let code: Int32
        public let text: String
    }

    /// Runs a program against the server, to its end: `tool("jack_lsp", "-l")`.
    public func tool(_ program: String, _ arguments: String...) throws -> Outcome {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-tool-\(UUID().uuidString)")
            .path
        defer { unlink(path) }
        let code = try Child([program] + arguments, environment: environment, log: path).wait(atMost: 30)
        return Outcome(code: code, text: try String(contentsOfFile: path, encoding: .utf8))
    }

    /// Starts a program against the server and returns at once: `start("jack_iodelay")`.
    public func start(_ program: String, _ arguments: String...) throws -> RunningTool {
        try RunningTool([program] + arguments, environment: environment)
    }

    // MARK: The process

    private func start(rate: Int, period: Int) throws {
        let arguments = ["jackd", "-n", name, "-R", "-d", "dummy", "-r", "\(rate)", "-p", "\(period)"]
        let child = try Child(arguments, environment: environment, log: log)
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, !child.hasEnded() {
            // Asked through a program: libjack serves one server a process.
            if try Child(["jack_lsp", "-s", name], environment: environment).wait() == 0 {
                (self.child, self.rate, self.period) = (child, rate, period)
                lease.setProcess(child.process)
                return
            }
            usleep(10_000)
        }
        child.signal(SIGKILL)
        child.wait()
        throw Failure(description: "\(arguments.joined(separator: " ")) does not answer; it said:\n\(output)")
    }

    private func end(_ signal: Int32) {
        child?.signal(signal)
        child?.wait()
        child = nil
    }
}
