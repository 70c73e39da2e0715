public import Foundation
private import Glibc

/// The command, run as its users run it.
public enum Command {
    /// What a finished command left.
    public struct Outcome: Sendable {
        public let code: Int32
        public let output: Data
        public let diagnostics: String

        public var text: String { String(decoding: output, as: UTF8.self) }
        /// The diagnostics, line by line.
        public var lines: [String] { diagnostics.split(separator: "\n").map(String.init) }
    }

    /// The binary that was built with the tests, or the one that SYRINX_COMMAND names.
    public static let path: String = {
        if let path = ProcessInfo.processInfo.environment["SYRINX_COMMAND"] { return path }
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("syrinx").path
    }()

    /// The package's folder.
    public static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Runs `syrinx` to its end.
    ///
    /// - Parameters:
    ///   - input: what standard input holds; nothing if left out.
    ///   - environment: added to a small one.
    public static func run(
        _ arguments: [String], in folder: URL, input: Data? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        try run(path, arguments, in: folder, input: input, environment: environment)
    }

    /// Runs any program to its end.
    ///
    /// - Parameter seconds: then it is killed.
    public static func run(
        _ program: String, _ arguments: [String], in folder: URL, input: Data? = nil,
        environment: [String: String] = [:], atMost seconds: Double = 600
    ) throws -> Outcome {
        // Files rather than pipes: nobody has to read while the command writes.
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-io-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        func handle(_ name: String, _ content: Data = Data()) throws -> FileHandle {
            let file = scratch.appendingPathComponent(name)
            try content.write(to: file)
            return try FileHandle(forUpdating: file)
        }
        let files = [try handle("in", input ?? Data()), try handle("out"), try handle("err")]
        // Not left to them: Foundation keeps what a process was given for as long as the tests run.
        defer { for file in files { try? file.close() } }
        let process = try start(
            program, arguments: arguments, in: folder, input: files[0], output: files[1], diagnostics: files[2],
            environment: environment)
        process.waitForEnd(atMost: seconds)
        // A signal's number, as a shell shows it.
        let code = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Outcome(
            code: code, output: try Data(contentsOf: scratch.appendingPathComponent("out")),
            diagnostics: String(decoding: try Data(contentsOf: scratch.appendingPathComponent("err")), as: UTF8.self))
    }

    /// Starts a program and returns at once.
    public static func start(
        _ program: String = path, arguments: [String], in folder: URL, input: Any? = FileHandle.nullDevice,
        output: Any? = FileHandle.nullDevice, diagnostics: Any? = FileHandle.nullDevice,
        environment: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = input
        process.standardOutput = output
        process.standardError = diagnostics
        let system = ProcessInfo.processInfo.environment
        var small = ["PATH": system["PATH"] ?? "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm"]
        // A command that was built with a sanitizer heeds what this process was told.
        for name in ["ASAN_OPTIONS", "TSAN_OPTIONS"] { small[name] = system[name] }
        small.merge(environment) { $1 }
        process.environment = small
        try process.run()
        return process
    }

    /// Calls the body with a new folder that is removed afterwards.
    public static func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }
}

extension Process {
    /// The processes that one started and that have not ended.
    public static func children(of process: Int32) -> [Int32] {
        let text = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    /// Waits for its end, and sees to it that it comes: no test holds up all others for ever.
    ///
    /// - Parameter seconds: then it is killed, and ends with a signal instead of its code.
    public func waitForEnd(atMost seconds: Double = 120) {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while isRunning {
            if ContinuousClock.now > deadline { kill(processIdentifier, SIGKILL) }
            precondition(ContinuousClock.now < deadline + .seconds(60), "\(arguments ?? []) outlives SIGKILL")
            usleep(2_000)
        }
    }
}
