internal import Foundation
internal import Glibc

/// A bare JACK client that plays the studio around a pipeline: feeds samples, records, connects, counts. It lives in a
/// process of its own (`Tests/JackStudio`).
///
/// ```swift
/// let studio = try Studio(server, inputs: 1, outputs: 1)
/// try studio.connect("studio:out_1", "syrinx:mic")
/// let heard = try studio.play([samples], frames: 48_000)[0]
/// ```
///
/// - Ports: `out_1` … play, `in_1` … record.
/// - Thread: any, one call at a time.
public final class Studio {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// The server runs, and calls its client no more.
    public struct Stalled: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// The name that JACK gave it.
    public let name: String
    private let server: JackServer
    private let child: Child
    private let inputs: Int
    private let outputs: Int
    private var length = 0

    /// Opens and activates it.
    public init(_ server: JackServer, name: String = "studio", inputs: Int = 0, outputs: Int = 0) throws {
        self.server = server
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = tests.deletingLastPathComponent().appendingPathComponent("JackStudio").path
        child = try Child(
            [program, server.name, name, "\(inputs)", "\(outputs)"], environment: server.environment, talks: true)
        self.inputs = inputs
        self.outputs = outputs
        let answer = try child.answer()
        guard answer.first == "ok", answer.count == 2 else {
            throw Failure(description: "no JACK client on \(server.name): \(answer.joined(separator: " "))")
        }
        self.name = answer[1]
    }

    deinit { child.end() }

    // MARK: Sound

    /// Plays the feeds, one for each output, and records every input at the same time; frame 0 of both is the same one.
    ///
    /// - Returns: what each input heard. Waits for it at the server's pace. Once only.
    public func play(_ feeds: [[Float]], frames: Int) throws -> [[Float]] {
        try roll(feeds, frames: frames)
        return try tape()
    }

    /// Begins what ``tape()`` waits for.
    public func roll(_ feeds: [[Float]], frames: Int) throws {
        for (port, feed) in feeds.enumerated() {
            try Self.withFile { path in
                try feed.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
                try demand("feed", "\(port)", path)
            }
        }
        length = frames
        try demand("roll", "\(frames)")
    }

    /// What each input heard. Waits until it is all there.
    public func tape() throws -> [[Float]] {
        try waitForRecording()
        return try Self.withFile { path in
            try demand("tape", path)
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            let samples = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            return (0..<inputs).map { Array(samples[($0 * length)..<(($0 + 1) * length)]) }
        }
    }

    /// As long as it grows; a server that calls its client no more is told with what it said last.
    private func waitForRecording() throws {
        var frames = 0
        while frames < length {
            let before = frames
            do {
                try wait("more of it") {
                    frames = max(before, recorded)
                    return frames > before
                }
            } catch is Failure {
                let words = server.output.split(separator: "\n").suffix(20).joined(separator: "\n")
                throw Stalled(
                    description: "\(frames) of \(length) frames after \(cycles) cycles, then none for 30 s; "
                        + "\(xruns) xruns, \(isLost ? "lost" : "not lost"); the server said last:\n\(words)")
            }
        }
    }

    /// Frames recorded so far.
    public var recorded: Int { state(4) }
    /// How often the server told of an xrun.
    public var xruns: Int { state(0) }
    /// Cycles that it took part in.
    public var cycles: Int { state(1) }
    /// True: the server is gone.
    public var isLost: Bool { state(2) == 1 }
    /// Grows with every port and connection that comes or goes, anywhere.
    public var changes: Int { state(3) }
    public var rate: Int { state(5) }
    public var period: Int { state(6) }

    private func state(_ index: Int) -> Int {
        guard let answer = try? ask("state"), answer.count == 8 else { return -1 }
        return Int(answer[index + 1]) ?? -1
    }

    /// Waits for something that happens elsewhere; looks every few milliseconds.
    public func wait(_ what: String, atMost seconds: Double = 30, until isThere: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try !isThere() {
            if ContinuousClock.now > deadline { throw Failure(description: "waited \(seconds) s for \(what)") }
            usleep(2_000)
        }
    }

    // MARK: The graph

    /// Connects two ports by their full names.
    public func connect(_ from: String, _ to: String) throws { try demand("connect", from, to) }
    public func disconnect(_ from: String, _ to: String) throws { try demand("disconnect", from, to) }
    public func isConnected(_ from: String, _ to: String) -> Bool { agrees("connected", from, to) }
    public func hasPort(_ name: String) -> Bool { agrees("has", name) }

    /// Adds a port while the client runs; an output plays what lies in its buffer.
    public func addPort(_ name: String, isOutput: Bool, alias: String = "") throws {
        try demand("add", name, isOutput ? "output" : "input", alias)
    }

    public func removePort(_ name: String) throws { try demand("remove", name) }

    /// A port's latency in frames; nil: no such port.
    public func captureLatency(_ port: String) -> ClosedRange<Int>? { latency(port, "capture") }
    public func playbackLatency(_ port: String) -> ClosedRange<Int>? { latency(port, "playback") }

    private func latency(_ port: String, _ mode: String) -> ClosedRange<Int>? {
        guard let answer = try? ask("latency", port, mode), answer.count == 3, let low = Int(answer[1]),
            let high = Int(answer[2]), low <= high
        else { return nil }
        return low...high
    }

    /// States how late the instruments behind its outputs and the amplifiers behind its inputs are, in frames.
    public func setLatency(capture: Int, playback: Int) throws {
        try demand("state-latency", "\(capture)", "\(playback)")
    }

    /// The port's name for people, as its metadata has it.
    public func prettyName(_ port: String) -> String? {
        guard let answer = try? ask("pretty", port), answer.first == "ok", answer.count == 2 else { return nil }
        return answer[1]
    }

    // MARK: The server

    public func setFreewheel(_ isOn: Bool) throws { try demand("freewheel", isOn ? "1" : "0") }
    /// Changes the server's period, in frames.
    public func setPeriod(_ frames: Int) throws { try demand("period", "\(frames)") }
    public func startTransport() throws { try demand("start") }
    public func stopTransport() throws { try demand("stop") }
    public func locate(_ frame: Int) throws { try demand("locate", "\(frame)") }

    // MARK: Talk

    private func ask(_ words: String...) throws -> [String] {
        try child.say(words)
        return try child.answer()
    }

    private func agrees(_ words: String...) -> Bool {
        guard (try? child.say(words)) != nil else { return false }
        return (try? child.answer())?.first == "ok"
    }

    private func demand(_ words: String...) throws {
        try child.say(words)
        guard try child.answer().first == "ok" else {
            throw Failure(description: "JACK refuses: \(words.joined(separator: " "))")
        }
    }

    private static func withFile<T>(_ body: (String) throws -> T) throws -> T {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-tape-\(UUID().uuidString)")
            .path
        defer { unlink(path) }
        return try body(path)
    }
}
