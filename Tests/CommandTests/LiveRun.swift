import CommandTestKit
import Foundation

/// A pipeline that runs in the command, and is waited for at the end.
final class LiveRun {
    let process: Process
    let log: URL

    init(_ arguments: [String], in folder: URL, environment: [String: String]) throws {
        log = folder.appendingPathComponent("log.jsonl")
        process = try Command.start(
            arguments: ["run"] + arguments, in: folder, environment: environment)
    }

    /// One that a failed test left behind would wait for its server for ever.
    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Waits until an event has been told so many times.
    func await(_ event: String, count: Int = 1) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while events(event) < count {
            guard ContinuousClock.now < deadline, process.isRunning else {
                throw NotTold(description: "\(count) × \(event) in: \(told)")
            }
            usleep(5_000)
        }
    }

    /// The event log so far.
    var told: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func events(_ event: String) -> Int {
        told.split(separator: "\n").count { $0.contains("\"event\":\"\(event)\"") }
    }

    /// As a user ends it.
    func finish() -> Int32 {
        process.interrupt()
        process.waitForEnd()
        return process.terminationStatus
    }

    struct NotTold: Error, CustomStringConvertible { let description: String }
}
