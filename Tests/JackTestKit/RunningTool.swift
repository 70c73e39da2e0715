internal import Foundation
internal import Glibc

/// A program that runs beside a test, and what it has printed so far.
///
/// - Thread: any, one call at a time.
public final class RunningTool {
    private let child: Child
    private let log: String

    init(_ arguments: [String], environment: [String: String]) throws {
        log = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-tool-\(UUID().uuidString)").path
        // By lines, though it prints to a file.
        child = try Child(["stdbuf", "-oL", "-eL"] + arguments, environment: environment, log: log)
    }

    deinit {
        end()
        unlink(log)
    }

    /// What it has printed so far.
    public var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// True: it has ended by itself.
    public var hasEnded: Bool { child.hasEnded() }

    /// Asks it to end, and sees to it that it does.
    public func end() {
        child.signal(SIGTERM)
        child.wait(atMost: 2)
    }
}
